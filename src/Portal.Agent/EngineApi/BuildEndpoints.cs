using System.Text.Json;
using Portal.Agent.EngineApi.Mapping;
using Portal.Agent.EngineApi.Streams;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Cache;
using Portal.Runtime.Builds.Contexts;

namespace Portal.Agent.EngineApi;

/// <summary>The classic build: one archive comes, lines of text go.</summary>
internal sealed class BuildEndpoints(IBuilder builder, IBuildContexts contexts, SessionBuilds sessionBuilds, ContextFolders folders, PruneNews news, TimeProvider time)
{
    private const string ClientSession = "client-session";

    public void Map(RouteTable routes)
    {
        routes.Post("build", BuildAsync);
        routes.Post("build/cancel", sessionBuilds.CancelAsync);
        routes.Post("build/prune", PruneAsync);
    }

    private async Task BuildAsync(EngineRequest request)
    {
        if (request.Query("version") is "2" || request.Query("remote") is ClientSession)
        {
            await sessionBuilds.BuildAsync(request);
            return;
        }

        var (asked, quiet) = (BuildMapping.Read(request), request.Flag("q"));
        ArchiveEndpoints.LiftLimits(request.Http);
        using var context = request.Query("remote") is { } remote
            ? await contexts.FetchAsync(remote, keepGit: false, request.Streaming)
            : await contexts.ReceiveAsync(request.Http.Request.Body, request.Streaming);
        var progress = new BuildText(quiet);
        var building = RunAsync(builder, asked with { Context = context }, progress, request.Streaming);

        // Nothing is answered before there is something to say: what is wrong from the beginning gets a status of its own.
        if (!await progress.Lines.WaitToReadAsync(CancellationToken.None))
        {
            await building;
        }

        try
        {
            using var lines = await request.StartLinesAsync();
            await foreach (var line in progress.Lines.ReadAllAsync(CancellationToken.None))
            {
                await lines.WriteAsync(line, EngineJson.Default.ProgressMessage, request.Streaming);
            }

            try
            {
                var result = await building;
                await EndAsync(lines, asked, result, quiet, request.Streaming);
            }
            catch (ErrorException e)
            {
                await lines.WriteAsync(BuildText.Failure(e, asked.Dockerfile), EngineJson.Default.ProgressMessage, request.Streaming);
            }
        }
        finally
        {
            // A client that goes takes its build with it; the request is over when nothing of that is left.
            progress.Abandon();
            await ((Task)building).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The lines end with the build, however that ends.</summary>
    private static async Task<BuildResult> RunAsync(IBuilder builder, BuildRequest asked, BuildText progress, CancellationToken ct)
    {
        try
        {
            return await builder.BuildAsync(asked, progress, ct);
        }
        finally
        {
            progress.Finish();
        }
    }

    private static async Task EndAsync(JsonLines lines, BuildRequest asked, BuildResult result, bool quiet, CancellationToken ct)
    {
        var id = result.Image!.Value;
        if (quiet)
        {
            await Say($"{id}\n");
            return;
        }

        foreach (var warning in result.Warnings)
        {
            await Say($"[Warning] {warning.Text}\n");
        }

        await lines.WriteAsync(new() { Aux = JsonSerializer.SerializeToElement(new() { Id = id.ToString() }, EngineJson.Default.BuildAux) }, EngineJson.Default.ProgressMessage, ct);
        await Say($"Successfully built {id.Hex[..12]}\n");
        foreach (var tag in asked.Tags)
        {
            await Say($"Successfully tagged {ImageReference.Parse(tag, null).WithDefaultTag().Familiar}\n");
        }

        async Task Say(string text) => await lines.WriteAsync(new() { Stream = text }, EngineJson.Default.ProgressMessage, ct);
    }

    private async Task PruneAsync(EngineRequest request)
    {
        var filters = request.Filters("until", "unused-for", "id", "parent", "type", "description", "inuse", "shared", "private");
        var (bounds, unusedFor) = (BuildMapping.Bounds(request), BuildMapping.UnusedFor(filters, time.GetUtcNow()));
        var pruned = await builder.PruneAsync(new(request.Flag("all"), bounds, unusedFor, filters.IsEmpty ? null : BuildMapping.Select(builder.Cache(), filters)), request.Aborted);

        // Files of clients are kept for the next build only; they go with everything, never by a filter that cannot be asked of them.
        var sources = filters.IsEmpty && bounds == CacheBounds.None ? await Task.Run(folders.Prune) : 0;
        var answer = new BuildPruneResponse { CachesDeleted = pruned.Deleted.Count == 0 ? null : [.. pruned.Deleted], SpaceReclaimed = pruned.ReclaimedBytes + sources };
        news.Tell("builder", answer.SpaceReclaimed);
        await request.Json(answer, EngineJson.Default.BuildPruneResponse);
    }
}
