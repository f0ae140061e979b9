using System.Collections.Immutable;
using System.Text.Json;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>Writes down what requests have made and removed, and whose it is.</summary>
internal sealed class DockerRecord(IHostAccess access, DockerLookup lookup, DockerCommands commands)
{
    private const string NewCommand = "containers/{id}/exec", SweptContainers = "containers/prune", SweptVolumes = "volumes/prune", SweptImages = "images/prune";

    /// <summary>True for what its answer tells of, in a word: what was made, what was removed.</summary>
    public static bool Reads(DockerOperation operation) => operation is { Hijacks: false, Body: not DockerBody.Archive }
        && (operation.Place == DockerPlace.New || operation.Method == "DELETE" || operation.Template is NewCommand or SweptContainers or SweptVolumes or SweptImages);

    /// <summary>Takes note of what came of a request.</summary>
    /// <param name="actor">Who made it.</param>
    /// <param name="host">Where.</param>
    /// <param name="call">The request.</param>
    /// <param name="id">What its path means, looked up; null for nothing.</param>
    /// <param name="ask">What it held; null when that was not read.</param>
    /// <param name="decision">What was decided.</param>
    /// <param name="outcome">What came of it.</param>
    /// <param name="ct">Cancels the call.</param>
    public async Task KeepAsync(Actor actor, HostId host, DockerCall call, string? id, DockerAsk? ask, DockerDecision decision, DockerOutcome outcome, CancellationToken ct)
    {
        var operation = call.Operation;
        if (!outcome.IsDone)
        {
            return;
        }

        if (operation.Template == NewCommand && Member(outcome.Body, "Id") is { } command)
        {
            commands.Add(host, command, actor);
        }
        else if (operation is { Method: "DELETE", Place: DockerPlace.Named, Kind: { } kind })
        {
            foreach (var gone in kind == ResourceKind.Image ? Deleted(outcome.Body) : [id ?? call.Name])
            {
                await access.DisownAsync(host, kind, gone, ct);
            }
        }
        else if (Swept(operation, outcome.Body) is var (swept, all))
        {
            foreach (var gone in all)
            {
                await access.DisownAsync(host, swept, gone, ct);
            }
        }

        foreach (var volume in decision.Volumes)
        {
            // Somebody else's of that name is gone, or this one would not have been made.
            await access.DisownAsync(host, ResourceKind.Volume, volume, ct);
            await access.OwnAsync(host, ResourceKind.Volume, volume, decision.Owners, ct);
        }

        if (operation is not { Place: DockerPlace.New, Kind: { } made } || decision.Owners.IsEmpty)
        {
            return;
        }

        if (outcome.Progress is { } progress)
        {
            foreach (var image in await ImagesAsync(host, ask, progress, ct))
            {
                await access.OwnAsync(host, ResourceKind.Image, image, decision.Owners, ct);
            }
        }
        else if (Member(outcome.Body, made == ResourceKind.Volume ? "Name" : "Id") is { } name)
        {
            await access.OwnAsync(host, made, name, decision.Owners, ct);
        }
    }

    private async Task<ImmutableHashSet<string>> ImagesAsync(HostId host, DockerAsk? ask, DockerProgress progress, CancellationToken ct)
    {
        if (!progress.Succeeded)
        {
            return [];
        }

        HashSet<string> images = progress.Image is { } built ? [built] : [];
        foreach (var name in ask?.Contents.ImageNames ?? [])
        {
            if (await lookup.ImageAsync(host, name, ct) is { } image)
            {
                _ = images.Add(image);
            }
        }

        return [.. images];
    }

    /// <summary>What a sweep has removed; null when it was none.</summary>
    private static (ResourceKind Kind, List<string> Gone)? Swept(DockerOperation operation, ReadOnlyMemory<byte> body) => operation.Template switch
    {
        SweptContainers => (ResourceKind.Container, Texts(body, "ContainersDeleted")),
        SweptVolumes => (ResourceKind.Volume, Texts(body, "VolumesDeleted")),
        SweptImages => (ResourceKind.Image, Deleted(body, "ImagesDeleted")),
        _ => null,
    };

    private static List<string> Texts(ReadOnlyMemory<byte> body, string member)
    {
        using var document = JsonDocument.Parse(body);
        return document.RootElement.TryGetProperty(member, out var names) && names.ValueKind == JsonValueKind.Array
            ? [.. names.EnumerateArray().Select(name => name.GetString()).OfType<string>()]
            : [];
    }

    private static string? Member(ReadOnlyMemory<byte> body, string name)
    {
        if (body.IsEmpty)
        {
            return null;
        }

        using var document = JsonDocument.Parse(body);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    /// <summary>Ids of images that are gone, from the steps of their removal: the answer itself, or a member of it.</summary>
    private static List<string> Deleted(ReadOnlyMemory<byte> body, string? member = null)
    {
        using var document = JsonDocument.Parse(body);
        var steps = member is null ? document.RootElement : document.RootElement.TryGetProperty(member, out var some) ? some : default;
        return steps.ValueKind != JsonValueKind.Array ? [] :
        [
            .. steps.EnumerateArray().Select(step => step.ValueKind == JsonValueKind.Object && step.TryGetProperty("Deleted", out var id) ? id.GetString() : null).OfType<string>(),
        ];
    }
}
