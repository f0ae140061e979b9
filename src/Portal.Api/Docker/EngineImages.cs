using System.Text.Json;
using Portal.Api.Adapters.Hosts;
using Portal.Api.Images;
using Portal.Api.Operations;
using Portal.Domain.Access;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Operations;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>Images of hosts, in the Docker Engine API's terms.</summary>
internal sealed class EngineImages(EngineRequests engine, DockerLookup lookup)
{
    /// <summary>Nobody's credentials: an engine wants the header with every push.</summary>
    private static readonly Dictionary<string, string> s_nobody = new() { ["X-Registry-Auth"] = "e30=" };

    /// <summary>All that the caller may see.</summary>
    public async Task<Result<IReadOnlyList<ImageItem>>> ListAsync(Actor actor, HostId host, CancellationToken ct)
    {
        var images = await engine.ReadAsync(actor, host, new("ListImages", "GET", "images/json"), EngineJson.Default.ListImageSummary, ct);
        return images.Error is { } error ? error : Result.Of<IReadOnlyList<ImageItem>>([.. images.Value.Select(Item)]);
    }

    /// <summary>One of them.</summary>
    public async Task<Result<ImageDetail>> GetAsync(Actor actor, HostId host, string image, CancellationToken ct)
    {
        var found = await engine.ReadAsync(actor, host, new("GetImage", "GET", $"images/{EngineRequests.Escape(image)}/json"), EngineJson.Default.ImageInspect, ct);
        return found.Error is { } error ? error : Detail(found.Value);
    }

    /// <summary>The steps that made it, the newest first.</summary>
    public async Task<Result<IReadOnlyList<ImageStep>>> HistoryAsync(Actor actor, HostId host, string image, CancellationToken ct)
    {
        var steps = await engine.ReadAsync(actor, host, new("GetImageHistory", "GET", $"images/{EngineRequests.Escape(image)}/history"), EngineJson.Default.ListImageHistoryItem, ct);
        return steps.Error is { } error ? error : Result.Of<IReadOnlyList<ImageStep>>([.. steps.Value.Select(step => new ImageStep(
            step.Id, DateTimeOffset.FromUnixTimeSeconds(step.Created), step.CreatedBy, step.Size, step.Comment, step.Tags ?? []))]);
    }

    /// <summary>Gives it another name.</summary>
    public Task<Result> TagAsync(Actor actor, HostId host, string image, ImageReference name, CancellationToken ct) =>
        engine.SendAsync(actor, host, new("TagImage", "POST", $"images/{EngineRequests.Escape(image)}/tag") { Query = [("repo", name.FamiliarRepository), ("tag", name.WithDefaultTag().Tag!)] }, ct);

    /// <summary>Takes a name from it; the last takes the image with it.</summary>
    public async Task<Result<ImageRemoval>> RemoveAsync(Actor actor, HostId host, string image, bool force, bool keepParents, CancellationToken ct)
    {
        var request = new EngineRequest("RemoveImage", "DELETE", "images/" + EngineRequests.Escape(image)) { Query = [("force", force ? "1" : "0"), ("noprune", keepParents ? "1" : "0")] };
        var gone = await engine.ReadAsync(actor, host, request, EngineJson.Default.ListImageDeleteItem, ct);
        return gone.Error is { } error ? error : new ImageRemoval([.. gone.Value.Select(step => step.Untagged).OfType<string>()], [.. gone.Value.Select(step => step.Deleted).OfType<string>()]);
    }

    /// <summary>Images that the engine's index of a registry knows.</summary>
    public async Task<Result<IReadOnlyList<FoundImage>>> SearchAsync(Actor actor, HostId host, string term, int limit, CancellationToken ct)
    {
        var request = new EngineRequest("SearchImages", "GET", "images/search") { Query = [("term", term), ("limit", limit.ToString(System.Globalization.CultureInfo.InvariantCulture))] };
        var found = await engine.ReadAsync(actor, host, request, EngineJson.Default.ListSearchResultItem, ct);
        return found.Error is { } error ? error : Result.Of<IReadOnlyList<FoundImage>>([.. found.Value.Select(item => new FoundImage(item.Name, item.Description, item.StarCount, item.IsOfficial))]);
    }

    /// <summary>The image as an archive.</summary>
    public Task<Result> SaveAsync(Actor actor, HostId host, string image, Func<Stream, CancellationToken, Task> take, CancellationToken ct) =>
        engine.CopyAsync(actor, host, new("SaveImage", "GET", $"images/{EngineRequests.Escape(image)}/get"), take, ct);

    /// <summary>Has one from its registry.</summary>
    public OperationWork Pull(Actor actor, HostId host, ImageReference image, string? platform) => async (run, admit, ct) =>
    {
        string? digest = null;
        var request = new EngineRequest("PullImage", "POST", "images/create")
        {
            Query = [("fromImage", image.FamiliarRepository), ("tag", image.Digest?.ToString() ?? image.Tag!), .. platform is null ? [] : (IEnumerable<(string, string)>)[("platform", platform)]],
            Admit = admit,
        };
        var done = await engine.FollowAsync(actor, host, request, line =>
        {
            digest = line.Status?.StartsWith("Digest: ", StringComparison.Ordinal) == true ? line.Status[8..].Trim() : digest;
            run.Tell(Line(line));
        }, ct);
        return done.Error is { } error ? error : new OperationResult { Digest = digest, ImageId = await IdOfAsync(host, image, ct) };
    };

    /// <summary>Sends one to its registry.</summary>
    public OperationWork Push(Actor actor, HostId host, ImageReference image) => async (run, admit, ct) =>
    {
        string? digest = null;
        var request = new EngineRequest("PushImage", "POST", $"images/{EngineRequests.Escape(image.FamiliarRepository)}/push") { Query = [("tag", image.Tag!)], Headers = s_nobody, Admit = admit };
        var done = await engine.FollowAsync(actor, host, request, line =>
        {
            digest = Member(line, "Digest") ?? digest;
            run.Tell(Line(line));
        }, ct);
        return done.Error is { } error ? error : new OperationResult { Digest = digest };
    };

    /// <summary>Unpacks an archive of images.</summary>
    public OperationWork Load(Actor actor, HostId host, Stream archive) => async (run, admit, ct) =>
    {
        List<string> loaded = [];
        var request = new EngineRequest("LoadImages", "POST", "images/load") { Query = [("quiet", "0")], Archive = archive, Admit = admit };
        var done = await engine.FollowAsync(actor, host, request, line =>
        {
            foreach (var text in (line.Stream ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                foreach (var prefix in (ReadOnlySpan<string>)["Loaded image: ", "Loaded image ID: "])
                {
                    if (text.StartsWith(prefix, StringComparison.Ordinal) && loaded.Count < OperationResult.MostItems)
                    {
                        loaded.Add(text[prefix.Length..].Trim());
                    }
                }
            }

            run.Tell(Line(line));
        }, ct);
        return done.Error is { } error ? error : new OperationResult { Loaded = [.. loaded] };
    };

    /// <summary>Removes what nothing uses.</summary>
    public OperationWork Prune(Actor actor, HostId host, ImagePrune asked) => async (_, admit, ct) =>
    {
        Dictionary<string, List<string>> filters = new() { ["dangling"] = [asked.All ? "false" : "true"] };
        if (asked.Until is { Length: > 0 } until)
        {
            filters["until"] = [until];
        }

        if (asked.Labels is { Count: > 0 } labels)
        {
            filters["label"] = [.. labels];
        }

        var request = new EngineRequest("PruneImages", "POST", "images/prune") { Query = [("filters", JsonSerializer.Serialize(filters))], Limit = Timeout.InfiniteTimeSpan, Admit = admit };
        var pruned = await engine.ReadAsync(actor, host, request, EngineJson.Default.ImagePruneResponse, ct);
        return pruned.Error is { } error ? error : new OperationResult
        {
            Removed = [.. (pruned.Value.ImagesDeleted ?? []).Select(step => step.Deleted ?? step.Untagged).OfType<string>().Take(OperationResult.MostItems)],
            ReclaimedBytes = pruned.Value.SpaceReclaimed,
        };
    };

    /// <summary>A line in words that do not depend on the engine.</summary>
    public static OperationLine Line(ProgressMessage line) => line.Status?.StartsWith("Pulling from ", StringComparison.Ordinal) == true
        ? new(null, line.Id is null ? line.Status : $"{line.Id}: {line.Status}")
        : new(line.Id, line.Status, line.Stream, line.ProgressDetail?.Current, line.ProgressDetail?.Total);

    /// <summary>What a line tells programs.</summary>
    public static string? Member(ProgressMessage line, string name) =>
        line.Aux is { ValueKind: JsonValueKind.Object } aux && aux.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private async Task<string?> IdOfAsync(HostId host, ImageReference image, CancellationToken ct)
    {
        try
        {
            return await lookup.ImageAsync(host, image.Familiar, ct);
        }
        catch (ErrorException)
        {
            // It is there; what its id is can be asked later.
            return null;
        }
    }

    private static ImageItem Item(ImageSummary image) => new(
        image.Id, [.. image.RepoTags.Where(IsName)], [.. image.RepoDigests.Where(IsName)], DateTimeOffset.FromUnixTimeSeconds(image.Created), image.Size,
        image.Labels ?? [], image.Containers < 0 ? null : image.Containers);

    private static ImageDetail Detail(ImageInspect image) => new(
        image.Id, image.RepoTags, image.RepoDigests, EngineTime.Parse(image.Created), image.Size, image.Os, image.Architecture, image.Author, image.Comment, image.RootFS.Layers,
        image.Config.Labels ?? [], image.Config.User ?? "", image.Config.WorkingDir ?? "", image.Config.Entrypoint ?? [], image.Config.Cmd ?? [], image.Config.Env ?? [],
        [.. image.Config.ExposedPorts?.Keys ?? Enumerable.Empty<string>()], [.. image.Config.Volumes?.Keys ?? Enumerable.Empty<string>()]);

    // Older engines list a name for what has none.
    private static bool IsName(string name) => !name.StartsWith("<none>", StringComparison.Ordinal);
}
