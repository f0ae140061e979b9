using System.Globalization;
using Portal.Agent.EngineApi.Filters;
using Portal.Agent.EngineApi.Mapping;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Mapping;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime;
using Portal.Runtime.Containers;
using Portal.Runtime.Exec;
using Portal.Runtime.Files;
using Portal.Runtime.Images;
using Portal.Runtime.Networks;

namespace Portal.Agent.EngineApi;

/// <summary>Containers, but for their streams (<see cref="ContainerStreamEndpoints"/>).</summary>
internal sealed class ContainerEndpoints(
    IContainers containers, IContainerFiles files, IExecs execs, IImages images, INetworks networks, IRuntimeInfo runtime, PruneNews news, TimeProvider time)
{
    public void Map(RouteTable routes)
    {
        routes.Get("containers/json", ListAsync);
        routes.Post("containers/create", CreateAsync);
        routes.Post("containers/prune", PruneAsync);
        routes.Get("containers/{id}/json", InspectAsync);
        routes.Post("containers/{id}/start", StartAsync);
        routes.Post("containers/{id}/stop", StopAsync);
        routes.Post("containers/{id}/restart", RestartAsync);
        routes.Post("containers/{id}/kill", KillAsync);
        routes.Post("containers/{id}/resize", ResizeAsync);
        routes.Delete("containers/{id}", RemoveAsync);
        routes.Post("containers/{id}/pause", PauseAsync);
        routes.Post("containers/{id}/unpause", UnpauseAsync);
        routes.Post("containers/{id}/rename", RenameAsync);
        routes.Post("containers/{id}/update", UpdateAsync);
        NotYet(routes.Get, "containers/{id}/checkpoints", "checkpoints are");
        NotYet(routes.Post, "containers/{id}/checkpoints", "checkpoints are");
    }

    private void NotYet(Action<string, EngineHandler> map, string template, string what) => map(template, request =>
    {
        if (request.Target.Length > 0)
        {
            _ = containers.Resolve(request.Target);
        }

        throw EngineErrors.NotSupported(what);
    });

    private async Task ListAsync(EngineRequest request)
    {
        var (allImages, allNetworks, now) = (images.List(), networks.List(), time.GetUtcNow());
        var filter = new ContainerFilter(request.Filters(ContainerFilter.Keys), containers, allImages, allNetworks);
        var limit = request.Number("limit") is > 0 and var number ? number : int.MaxValue;
        var all = request.Flag("all") || limit != int.MaxValue || filter.ImpliesAll;
        var tags = ImageName.TagsOf(allImages);
        var sizes = request.Flag("size") ? allImages.ToDictionary(i => i.Id, i => i.SizeBytes) : null;
        var list = new List<ContainerSummary>();
        var counting = new List<Task>();
        foreach (var container in containers.List())
        {
            if (list.Count == limit)
            {
                break;
            }

            if ((all || container.Status.IsRunning || container.Status.State == ContainerState.Restarting) && filter.Fits(container))
            {
                var summary = ContainerMapping.Summarize(container, ImageName.OfContainer(container.Spec.Image, container.ImageId, tags), allNetworks, now);
                list.Add(summary);
                if (sizes is not null)
                {
                    counting.Add(MeasureAsync(summary, container));
                }
            }
        }

        await Task.WhenAll(counting);
        await request.Json(list, EngineJson.Default.ListContainerSummary);

        async Task MeasureAsync(ContainerSummary summary, ContainerSnapshot container)
        {
            var writable = await files.SizeAsync(container.Id, request.Aborted);
            (summary.SizeRw, summary.SizeRootFs) = (writable, sizes.GetValueOrDefault(container.ImageId) + writable);
        }
    }

    private async Task CreateAsync(EngineRequest request)
    {
        var body = await request.RequireAsync(EngineBody.Strict.ContainerCreateRequest);
        var plan = CreateMapping.Map(body, request.Version);
        CheckPlatform(request.Query("platform"), plan.Spec.Image);
        var created = await containers.CreateAsync(plan.Spec, request.Query("name")?.TrimStart('/'), request.Aborted);
        await request.Json(
            new ContainerCreateResponse { Id = created.Container.Id.Value, Warnings = [.. plan.Warnings, .. created.Warnings] },
            EngineJson.Default.ContainerCreateResponse, StatusCodes.Status201Created);
    }

    /// <summary>An image for another processor would only fail at start, with words nobody understands.</summary>
    private void CheckPlatform(string? platform, string reference)
    {
        if (platform is null)
        {
            return;
        }

        var image = images.Resolve(reference);
        var parts = platform.ToLowerInvariant().Split('/');
        var matches = parts.Length switch
        {
            1 => parts[0] == image.OperatingSystem || parts[0] == image.Architecture,
            _ => parts[0] == image.OperatingSystem && parts[1] == image.Architecture,
        };
        if (!matches)
        {
            throw new ErrorException(
                ErrorKind.NotFound, "image.platform",
                $"image with reference {reference} was found but its platform ({image.OperatingSystem}/{image.Architecture}) does not match the specified platform ({platform})");
        }
    }

    private async Task InspectAsync(EngineRequest request)
    {
        var container = containers.Resolve(request.Target);
        var inspect = ContainerMapping.Inspect(container, containers.Locate(container.Id), networks.List(), runtime, request.Version, NameOf);
        inspect.ExecIDs = execs.RunningIn(container.Id) is { Count: > 0 } running ? [.. running] : null;
        if (request.Flag("size"))
        {
            var writable = await files.SizeAsync(container.Id, request.Aborted);
            (inspect.SizeRw, inspect.SizeRootFs) = (writable, writable + (images.List().FirstOrDefault(i => i.Id == container.ImageId)?.SizeBytes ?? 0));
        }

        await request.Json(inspect, EngineJson.Default.ContainerInspect);
    }

    private async Task StartAsync(EngineRequest request)
    {
        if (request.Query("checkpoint") is not null)
        {
            throw EngineErrors.NotSupported("starting from a checkpoint is");
        }

        if (request.Http.Request.ContentLength is > 7 && request.Version.AtLeast(24))
        {
            throw EngineErrors.Invalid("container.start_body", "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24");
        }

        var started = await containers.StartAsync(containers.Resolve(request.Target).Id, request.Aborted);
        await request.Empty(started ? StatusCodes.Status204NoContent : StatusCodes.Status304NotModified);
    }

    private async Task StopAsync(EngineRequest request)
    {
        var stopped = await containers.StopAsync(containers.Resolve(request.Target).Id, Grace(request), Signal(request), request.Aborted);
        await request.Empty(stopped ? StatusCodes.Status204NoContent : StatusCodes.Status304NotModified);
    }

    private async Task RestartAsync(EngineRequest request)
    {
        await containers.RestartAsync(containers.Resolve(request.Target).Id, Grace(request), Signal(request), request.Aborted);
        await request.Empty(StatusCodes.Status204NoContent);
    }

    private async Task KillAsync(EngineRequest request)
    {
        await containers.KillAsync(ResolveToKill(request.Target).Id, request.Query("signal") ?? "KILL", request.Aborted);
        await request.Empty(StatusCodes.Status204NoContent);
    }

    /// <summary>As everywhere, in the words that Docker has for this alone.</summary>
    private ContainerSnapshot ResolveToKill(string reference)
    {
        try
        {
            return containers.Resolve(reference);
        }
        catch (ErrorException ex) when (ex.Error.Kind == ErrorKind.NotFound)
        {
            throw new ErrorException(ex.Error with { Message = $"cannot kill container: {reference}: {ex.Message}" }, ex);
        }
    }

    private async Task PauseAsync(EngineRequest request)
    {
        await containers.PauseAsync(containers.Resolve(request.Target).Id, request.Aborted);
        await request.Empty(StatusCodes.Status204NoContent);
    }

    private async Task UnpauseAsync(EngineRequest request)
    {
        await containers.UnpauseAsync(containers.Resolve(request.Target).Id, request.Aborted);
        await request.Empty(StatusCodes.Status204NoContent);
    }

    private async Task RenameAsync(EngineRequest request)
    {
        await containers.RenameAsync(containers.Resolve(request.Target).Id, request.Query("name") ?? "", request.Aborted);
        await request.Empty(StatusCodes.Status204NoContent);
    }

    private async Task UpdateAsync(EngineRequest request)
    {
        var body = await request.RequireAsync(EngineBody.Strict.HostConfig);
        var (resources, policy) = UpdateMapping.Map(body, request.Version);
        var warnings = await containers.UpdateAsync(containers.Resolve(request.Target).Id, new(resources, policy), request.Aborted);
        await request.Json(new ContainerUpdateResponse { Warnings = warnings.Count == 0 ? null : [.. warnings] }, EngineJson.Default.ContainerUpdateResponse);
    }

    private async Task ResizeAsync(EngineRequest request)
    {
        var (rows, columns) = Size(request);
        await containers.ResizeAsync(containers.Resolve(request.Target).Id, rows, columns, request.Aborted);
        await request.Empty(StatusCodes.Status200OK);
    }

    private async Task RemoveAsync(EngineRequest request)
    {
        if (request.Flag("link"))
        {
            throw EngineErrors.NotSupported("links are");
        }

        await containers.RemoveAsync(containers.Resolve(request.Target).Id, request.Flag("force"), request.Flag("v"), request.Aborted);
        await request.Empty(StatusCodes.Status204NoContent);
    }

    private async Task PruneAsync(EngineRequest request)
    {
        var filters = request.Filters("label", "label!", "until");
        var until = filters.Values("until") is [var text, ..] ? EngineTime.ParseUntil(text, time.GetUtcNow()) : (DateTimeOffset?)null;
        var deleted = new List<string>();
        long reclaimed = 0;
        foreach (var container in containers.List())
        {
            // What could be repaired goes only when somebody names it.
            if (container.IsUnreadable
                || container.Status.State is not (ContainerState.Created or ContainerState.Exited or ContainerState.Dead)
                || (until is not null && container.Created >= until)
                || !filters.Labels(container.Effective.Labels))
            {
                continue;
            }

            try
            {
                var size = await files.SizeAsync(container.Id, request.Aborted);
                await containers.RemoveAsync(container.Id, force: false, removeVolumes: false, request.Aborted);
                deleted.Add(container.Id.Value);
                reclaimed += size;
            }
            catch (ErrorException)
            {
                // Started, or removed by somebody else, since it was listed.
            }
        }

        news.Tell("container", reclaimed);
        await request.Json(new ContainerPruneResponse { ContainersDeleted = deleted.Count == 0 ? null : deleted, SpaceReclaimed = reclaimed }, EngineJson.Default.ContainerPruneResponse);
    }

    private static TimeSpan? Grace(EngineRequest request) => request.Number("t") is { } seconds ? TimeSpan.FromSeconds(Math.Max(seconds, -1)) : null;

    private static string? Signal(EngineRequest request) => request.Version.AtLeast(42) ? request.Query("signal") : null;

    /// <summary>A terminal's size from the query.</summary>
    public static (int Rows, int Columns) Size(EngineRequest request) => (Dimension(request, "h"), Dimension(request, "w"));

    private static int Dimension(EngineRequest request, string name) => request.Number(name) switch
    {
        { } value and >= 0 and <= ushort.MaxValue => value,
        var value => throw EngineErrors.Invalid("terminal.size", $"invalid resize {(name == "h" ? "height" : "width")}: \"{value?.ToString(CultureInfo.InvariantCulture)}\""),
    };

    private string? NameOf(string id)
    {
        try
        {
            return containers.Resolve(id).Name;
        }
        catch (ErrorException)
        {
            return null;
        }
    }
}
