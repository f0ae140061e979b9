using Portal.Agent.EngineApi.Mapping;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Containers;

namespace Portal.Agent.EngineApi;

/// <summary>What a container uses.</summary>
internal sealed class StatsEndpoints(IContainers containers, IStatsSampler sampler)
{
    /// <summary>Ticks that a running container may be missing from before it is answered as one that uses nothing.</summary>
    private const int LongestUnseen = 10;

    public void Map(RouteTable routes) => routes.Get("containers/{id}/stats", StatsAsync);

    private Task StatsAsync(EngineRequest request)
    {
        var container = containers.Resolve(request.Target);
        var stream = request.Flag("stream", otherwise: true);
        var oneShot = request.Version.AtLeast(41) && request.Flag("one-shot");
        if (stream)
        {
            return oneShot ? throw EngineErrors.Invalid("stats.mode", "cannot have stream=true and one-shot=true") : FollowAsync(request, container.Id);
        }

        if (!container.Status.IsRunning)
        {
            return AnswerAsync(request, container, default);
        }

        return oneShot ? AnswerAsync(request, container, new(sampler.Read(container.Id), null)) : OnceAsync(request, container);
    }

    private static Task AnswerAsync(EngineRequest request, ContainerSnapshot container, ContainerReading reading) =>
        request.Json(StatsMapping.Map(container, reading), EngineJson.Default.StatsResponse);

    private async Task OnceAsync(EngineRequest request, ContainerSnapshot container)
    {
        await foreach (var (now, reading) in ReadAsync(container.Id, request.Streaming))
        {
            await AnswerAsync(request, now, reading);
            return;
        }

        // Removed while it was waited for: it uses nothing.
        await AnswerAsync(request, container, default);
    }

    private async Task FollowAsync(EngineRequest request, ContainerId id)
    {
        var ct = request.Streaming;
        using var lines = await request.StartLinesAsync();
        await foreach (var (container, reading) in ReadAsync(id, ct))
        {
            await lines.WriteAsync(StatsMapping.Map(container, reading), EngineJson.Default.StatsResponse, ct);
        }
    }

    /// <summary>What is worth telling of a container's ticks: zeroes while it does not run, and a rate's two samples while it does. Ends when it is removed.</summary>
    private async IAsyncEnumerable<(ContainerSnapshot Container, ContainerReading Reading)> ReadAsync(
        ContainerId id, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var unseen = 0;
        await foreach (var reading in sampler.FollowAsync(id, ct))
        {
            if (Find(id) is not { } container)
            {
                yield break;
            }

            // A rate needs two samples: the first object of a run goes out with the second one. And a tick may be older than the
            // container's start: zeroes would say that it does not run.
            if (container.Status.IsRunning && reading.Previous is null && unseen++ < LongestUnseen)
            {
                continue;
            }

            unseen = 0;
            yield return (container, reading);
        }
    }

    private ContainerSnapshot? Find(ContainerId id)
    {
        try
        {
            return containers.Resolve(id.Value);
        }
        catch (ErrorException)
        {
            return null;
        }
    }
}
