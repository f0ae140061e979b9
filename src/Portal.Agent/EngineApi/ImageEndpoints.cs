using Portal.Agent.EngineApi.Filters;
using Portal.Agent.EngineApi.Mapping;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Images;

namespace Portal.Agent.EngineApi;

/// <summary>Images of the local store.</summary>
internal sealed class ImageEndpoints(IImages images, IContainers containers, RegistryEndpoints registries, PruneNews news, TimeProvider time)
{
    public void Map(RouteTable routes)
    {
        routes.Get("images/json", List);
        routes.Post("images/create", CreateAsync);
        routes.Post("images/load", LoadAsync);
        routes.Get("images/get", r => SaveAsync(r, r.QueryAll("names")));
        routes.Post("images/prune", PruneAsync);
        routes.Get("images/{name*}/json", r => r.Json(ImageMapping.Inspect(images.Resolve(r.Target), r.Version), EngineJson.Default.ImageInspect));
        routes.Get("images/{name*}/history", r => r.Json(ImageMapping.History(images.Resolve(r.Target)), EngineJson.Default.ListImageHistoryItem));
        routes.Get("images/{name*}/get", r => SaveAsync(r, [r.Target]));
        routes.Post("images/{name*}/tag", TagAsync);
        routes.Delete("images/{name*}", RemoveAsync);
    }

    private Task List(EngineRequest request)
    {
        var filters = request.Filters("before", "dangling", "label", "reference", "since", "until");
        var dangling = filters.Boolean("dangling");
        var before = filters.Values("before") is [var b, ..] ? images.Resolve(b).Created : (DateTimeOffset?)null;
        var since = filters.Values("since") is [var s, ..] ? images.Resolve(s).Created : (DateTimeOffset?)null;
        var until = filters.Values("until") is [var u, ..] ? EngineTime.ParseUntil(u, time.GetUtcNow()) : (DateTimeOffset?)null;
        var users = request.Version.AtLeast(51) ? containers.List() : null;
        var shared = request.Version.AtLeast(42) && request.Flag("shared-size") ? images.LayerUsage().Shared : null;
        var list = new List<ImageSummary>();
        var all = images.List();
        var parents = request.Flag("all") ? [] : all.Select(i => i.Parent).ToHashSet();
        foreach (var image in all)
        {
            // What others were made from and has no name of its own is of no interest. One that only a digest means has no tag to list, but is not left over either: Docker lists it both ways.
            if ((dangling is true && image.Tags.Count > 0)
                || (dangling is false && image.Tags.Count + image.RepoDigests.Count == 0)
                || (image.Tags.Count + image.RepoDigests.Count == 0 && parents.Contains(image.Id))
                || (before is not null && image.Created >= before)
                || (since is not null && image.Created <= since)
                || (until is not null && image.Created >= until)
                || !filters.Labels(image.Config.Labels))
            {
                continue;
            }

            var summary = ImageMapping.Summarize(image, request.Version, users?.Count(c => c.ImageId == image.Id) ?? -1);
            summary.SharedSize = shared?.GetValueOrDefault(image.Id) ?? -1;
            if (filters.Has("reference"))
            {
                summary.RepoTags = [.. image.Tags.Where(IsWanted)];
                summary.RepoDigests = [.. image.RepoDigests.Where(IsWanted)];
                if (summary.RepoTags.Count + summary.RepoDigests.Count == 0)
                {
                    continue;
                }
            }

            list.Add(summary);
        }

        return request.Json(list, EngineJson.Default.ListImageSummary);

        bool IsWanted(string name) => filters.Any("reference", pattern => Matches(name, pattern));
    }

    /// <summary>Patterns are globs over the short name, or the full one where they begin as it does, with or without its tag or digest.</summary>
    private static bool Matches(string name, string pattern)
    {
        if (GlobPattern.IsMatch(pattern, name))
        {
            return true;
        }

        return ImageReference.TryParse(name, null, out var reference)
            && (GlobPattern.IsMatch(pattern, reference.FamiliarRepository)
                || (pattern.StartsWith(reference.Domain + '/', StringComparison.Ordinal) && (GlobPattern.IsMatch(pattern, reference.Repository) || GlobPattern.IsMatch(pattern, reference.ToString()))));
    }

    private async Task CreateAsync(EngineRequest request)
    {
        if (request.Query("fromImage") is { } wanted)
        {
            await registries.PullAsync(request, wanted);
            return;
        }

        switch (request.Query("fromSrc"))
        {
            case "-":
                break;
            case null:
                throw EngineErrors.Invalid("image.source", "either fromImage or fromSrc is required");
            default:
                throw EngineErrors.NotSupported("importing from an address is");
        }

        var config = ImageChanges.Parse(request.QueryAll("changes"));
        var (repository, newTag) = Name(request.Query("repo"), request.Query("tag"));
        ArchiveEndpoints.LiftLimits(request.Http);
        var image = await images.ImportAsync(request.Http.Request.Body, repository, newTag, config, request.Query("message") ?? "Imported from -", request.Aborted);
        using var lines = await request.StartLinesAsync();
        await lines.WriteAsync(new() { Status = image.Id.ToString() }, EngineJson.Default.ProgressMessage, request.Aborted);
    }

    private async Task LoadAsync(EngineRequest request)
    {
        ArchiveEndpoints.LiftLimits(request.Http);
        var loaded = await images.LoadAsync(request.Http.Request.Body, request.Aborted);
        using var lines = await request.StartLinesAsync();
        foreach (var name in loaded)
        {
            var text = name.StartsWith("sha256:", StringComparison.Ordinal) ? $"Loaded image ID: {name}\n" : $"Loaded image: {name}\n";
            await lines.WriteAsync(new() { Stream = text }, EngineJson.Default.ProgressMessage, request.Aborted);
        }
    }

    private async Task SaveAsync(EngineRequest request, IReadOnlyList<string> names)
    {
        if (names.Count == 0)
        {
            throw EngineErrors.Invalid("image.names", "no images specified");
        }

        request.Http.Response.ContentType = "application/x-tar";
        await images.SaveAsync(names, request.Http.Response.Body, request.Streaming);
    }

    private async Task TagAsync(EngineRequest request)
    {
        var (repository, tag) = Name(request.Query("repo"), request.Query("tag"));
        if (repository is null)
        {
            throw EngineErrors.Invalid("image.reference", "invalid reference format");
        }

        await images.TagAsync(request.Target, repository, tag, request.Aborted);
        await request.Empty(StatusCodes.Status201Created);
    }

    private async Task RemoveAsync(EngineRequest request)
    {
        var steps = await images.RemoveAsync(request.Target, request.Flag("force"), request.Flag("noprune"), request.Aborted);
        await request.Json([.. steps.Select(Item)], EngineJson.Default.ListImageDeleteItem);
    }

    private async Task PruneAsync(EngineRequest request)
    {
        var filters = request.Filters("dangling", "label", "label!", "until");
        var danglingOnly = filters.Boolean("dangling") ?? true;
        var until = filters.Values("until") is [var text, ..] ? EngineTime.ParseUntil(text, time.GetUtcNow()) : (DateTimeOffset?)null;
        var used = containers.List().Select(c => c.ImageId).ToHashSet();
        var before = images.LayerUsage().Total;
        var response = new ImagePruneResponse();
        foreach (var image in images.List())
        {
            if ((danglingOnly && image.Tags.Count > 0) || used.Contains(image.Id) || (until is not null && image.Created >= until) || !filters.Labels(image.Config.Labels))
            {
                continue;
            }

            try
            {
                foreach (var name in image.Tags.Count + image.RepoDigests.Count > 0 ? [.. image.Tags, .. image.RepoDigests.Where(_ => image.Tags.Count == 0)] : (string[])[image.Id.ToString()])
                {
                    var steps = await images.RemoveAsync(name, force: false, noPrune: false, request.Aborted);
                    (response.ImagesDeleted ??= []).AddRange(steps.Select(Item));
                }
            }
            catch (ErrorException)
            {
                // Taken into use, or removed by somebody else, since it was listed.
            }
        }

        response.SpaceReclaimed = Math.Max(0, before - images.LayerUsage().Total);
        news.Tell("image", response.SpaceReclaimed);
        await request.Json(response, EngineJson.Default.ImagePruneResponse);
    }

    /// <summary>Clients put the tag into the repository, beside it, or into neither.</summary>
    private static (string? Repository, string? Tag) Name(string? repository, string? tag)
    {
        if (repository is null)
        {
            return (null, null);
        }

        if (!ImageReference.TryParse(repository, out var reference, out var problem))
        {
            throw EngineErrors.Invalid("image.reference", problem);
        }

        return reference.Digest is null
            ? (reference.FamiliarRepository, tag ?? reference.Tag)
            : throw EngineErrors.Invalid("image.reference", "cannot import digest reference");
    }

    private static ImageDeleteItem Item(ImageDeletion step) => new() { Untagged = step.Untagged, Deleted = step.Deleted };
}
