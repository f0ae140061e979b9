using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;
using Portal.Api.Adapters.Hosts;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>Asks an engine what the names in a request mean, with what grants and restrictions go by.</summary>
internal sealed class DockerLookup(EngineCalls engine, IHostAccess access)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(15);

    /// <summary>What references mean; null for nothing.</summary>
    public async Task<Dictionary<DockerReference, DockerResource?>> FindAsync(AccessTarget host, ImmutableArray<DockerReference> references, CancellationToken ct)
    {
        Dictionary<DockerReference, DockerResource?> found = [];
        foreach (var reference in references)
        {
            if (!found.ContainsKey(reference))
            {
                found[reference] = await FindAsync(host, reference, ct);
            }
        }

        return found;
    }

    /// <summary>The id of the image of that name; null for none.</summary>
    public async Task<string?> ImageAsync(HostId host, string name, CancellationToken ct) =>
        (await ReadAsync(host, $"images/{name}/json", name, EngineBody.Strict.ImageInspect, ct))?.Id;

    /// <summary>The container that a command runs in; null for no such command.</summary>
    public async Task<string?> ContainerOfAsync(HostId host, string exec, CancellationToken ct) =>
        (await ReadAsync(host, $"exec/{exec}/json", exec, EngineBody.Strict.ExecInspect, ct))?.ContainerID;

    /// <summary>What one reference means; null for nothing.</summary>
    public async Task<DockerResource?> FindAsync(AccessTarget host, DockerReference reference, CancellationToken ct)
    {
        var (id, text) = (host.Host!.Value, reference.Text);
        var resource = reference.Kind switch
        {
            ResourceKind.Container => await ReadAsync(id, $"containers/{text}/json", text, EngineBody.Strict.ContainerInspect, ct) is { } container
                ? DockerResource.Of(host, container, reference.Lends ? await VolumesAsync(id, container, ct) : []) : null,
            ResourceKind.Image => await ReadAsync(id, $"images/{text}/json", text, EngineBody.Strict.ImageInspect, ct) is { } image ? DockerResource.Of(host, image) : null,
            ResourceKind.Network => await ReadAsync(id, $"networks/{text}", text, EngineBody.Strict.NetworkResource, ct) is { } network ? DockerResource.Of(host, network) : null,
            ResourceKind.Volume => await ReadAsync(id, $"volumes/{text}", text, EngineBody.Strict.VolumeResource, ct) is { } volume ? DockerResource.Of(host, volume) : null,
        };
        return resource is null ? null : resource with { Target = resource.Target with { Owners = access.Owners(id, reference.Kind, resource.Target.Id!) } };
    }

    /// <summary>The volumes in a container: one of them may be a folder of the host.</summary>
    private async Task<List<VolumeResource>> VolumesAsync(HostId host, ContainerInspect container, CancellationToken ct)
    {
        List<VolumeResource> volumes = [];
        foreach (var name in container.Mounts.Where(mount => mount.Type == "volume").Select(mount => mount.Name).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            if (await ReadAsync(host, $"volumes/{name}", name, EngineBody.Strict.VolumeResource, ct) is { } volume)
            {
                volumes.Add(volume);
            }
        }

        return volumes;
    }

    private async Task<T?> ReadAsync<T>(HostId host, string path, string name, JsonTypeInfo<T> type, CancellationToken ct) where T : class
    {
        // No engine has anything by a name that is not written like one, and it would lead elsewhere.
        if (!DockerPath.TryParse("/" + name, out _))
        {
            return null;
        }

        try
        {
            return await engine.ReadAsync(host, path, type, s_limit, ct);
        }
        catch (ErrorException e) when (e.Error.Kind is ErrorKind.NotFound or ErrorKind.Invalid)
        {
            return null;
        }
    }
}
