using System.Text.Json;
using Portal.Api.Builds;
using Portal.Api.Operations;
using Portal.Domain.Access;
using Portal.Domain.Engine;
using Portal.Domain.Operations;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>Builds on hosts, in the Docker Engine API's terms: the classic kind, in which the portal sees what is asked for.</summary>
internal sealed class EngineBuilds(EngineRequests engine)
{
    /// <summary>Builds an image.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="host">Where.</param>
    /// <param name="asked">How.</param>
    /// <param name="context">The context; null for one that the host fetches.</param>
    public OperationWork Build(Actor actor, HostId host, BuildSpec asked, Stream? context) => async (run, admit, ct) =>
    {
        string? image = null;
        var done = await engine.FollowAsync(actor, host, new("BuildImage", "POST", "build") { Query = [.. Query(asked)], Archive = context, Admit = admit }, line =>
        {
            image = EngineImages.Member(line, "ID") ?? image;
            run.Tell(EngineImages.Line(line));
        }, ct);
        return done.Error is { } error ? error : new OperationResult { ImageId = image };
    };

    /// <summary>Removes what the build cache has and no build uses.</summary>
    public OperationWork Prune(Actor actor, HostId host, BuildPrune asked) => async (_, admit, ct) =>
    {
        List<(string, string)> query = [("all", asked.All ? "1" : "0")];
        if (asked.UnusedFor is { Length: > 0 } age)
        {
            query.Add(("filters", JsonSerializer.Serialize(new Dictionary<string, List<string>> { ["unused-for"] = [age] })));
        }

        var request = new EngineRequest("PruneBuilds", "POST", "build/prune") { Query = query, Limit = Timeout.InfiniteTimeSpan, Admit = admit };
        var pruned = await engine.ReadAsync(actor, host, request, EngineJson.Default.BuildPruneResponse, ct);
        return pruned.Error is { } error ? error : new OperationResult
        {
            Removed = [.. (pruned.Value.CachesDeleted ?? []).Take(OperationResult.MostItems)], ReclaimedBytes = pruned.Value.SpaceReclaimed,
        };
    };

    private static IEnumerable<(string Name, string Value)> Query(BuildSpec asked)
    {
        yield return ("version", "1");
        yield return ("rm", "1");
        yield return ("forcerm", "1");
        foreach (var tag in asked.Tags)
        {
            yield return ("t", tag);
        }

        if (asked.Arguments.Count > 0)
        {
            // A name alone is null there, and takes the engine's own value.
            yield return ("buildargs", JsonSerializer.Serialize(Pairs(asked.Arguments, null)));
        }

        if (asked.Labels.Count > 0)
        {
            yield return ("labels", JsonSerializer.Serialize(Pairs(asked.Labels, "")));
        }

        foreach (var (name, value) in ((string, string?)[])[
            ("remote", asked.Remote), ("dockerfile", asked.Dockerfile), ("target", asked.Target), ("platform", asked.Platform), ("nocache", asked.NoCache ? "1" : null),
            ("pull", asked.Pull ? "1" : null),
        ])
        {
            if (value is { Length: > 0 })
            {
                yield return (name, value);
            }
        }
    }

    private static Dictionary<string, string?> Pairs(IEnumerable<string> texts, string? otherwise)
    {
        Dictionary<string, string?> pairs = new(StringComparer.Ordinal);
        foreach (var parts in texts.Select(text => text.Split('=', 2)))
        {
            pairs[parts[0]] = parts.Length == 2 ? parts[1] : otherwise;
        }

        return pairs;
    }
}
