using Portal.Api.Adapters.Storage;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Registries;

namespace Portal.Api.Docker;

/// <summary>
/// Gives requests to engines the portal's credentials for the registries that they are about, where whoever asks may use them. For all front doors: whoever
/// may have an image by one may have it by the other.
/// </summary>
internal sealed class RegistryCredentials(RegistryStore registries, IAccessPolicy access)
{
    /// <summary>The header that a request is sent with; null for none.</summary>
    public async Task<RegistryHeader?> ForAsync(Actor actor, DockerCall call, CancellationToken ct)
    {
        var image = call.Operation.Template switch
        {
            "images/create" => call.Query.First("fromImage"),
            "images/{name*}/push" or "distribution/{name*}/json" => call.Name,
            _ => null,
        };
        if (image is null && call.Operation.Template != "build")
        {
            return null;
        }

        var address = image is null ? null : RegistryAddress.OfImage(image);
        if (image is not null && address is null)
        {
            return null;
        }

        var manages = access.Check(actor, Permission.RegistryManage, AccessTarget.Portal) is null;
        var all = await registries.ListAsync(ct);
        Registry[] chosen = [.. all.Select(registry => registry.Address).Distinct(StringComparer.Ordinal).Where(known => address is null || known == address)
            .Select(known => Registry.Choose(all, known, actor, manages)).OfType<Registry>()];
        List<(Registry Registry, RegistrySecret Secret)> given = [];
        foreach (var registry in chosen)
        {
            if (await registries.SecretAsync(registry.Id, ct) is { } secret)
            {
                given.Add((registry, secret));
            }
        }

        return given.Count == 0 ? null : address is null ? RegistryHeader.All(given) : RegistryHeader.One(given[0].Registry, given[0].Secret);
    }
}
