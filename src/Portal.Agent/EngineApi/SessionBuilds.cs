using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Portal.Agent.BuildKit.Sessions;
using Portal.Agent.BuildKit.Solving;
using Portal.Agent.BuildKit.Wire;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Contexts;

namespace Portal.Agent.EngineApi;

/// <summary>
/// <c>POST /build?version=2</c>: how clients before buildx ask for a build by BuildKit (docker 18.09 to 20.10 with DOCKER_BUILDKIT=1). The
/// request is the classic one, the files come over the client's session, and the answer carries BuildKit's progress in its lines.
/// </summary>
internal sealed class SessionBuilds(Solver solver, BuildJobs jobs, IBuildContexts contexts, TimeProvider time)
{
    private const string UploadPrefix = "upload-request:";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Handing> _uploads = new(StringComparer.Ordinal);

    /// <summary>Ends a build that goes by a name.</summary>
    public Task CancelAsync(EngineRequest request)
    {
        var id = request.Query("id") ?? throw EngineErrors.Invalid("build.id", "build ID not provided");
        jobs.Find(id)?.Cancel();
        return request.Empty(StatusCodes.Status200OK);
    }

    public async Task BuildAsync(EngineRequest request)
    {
        var id = request.Query("buildid") ?? RandomNumberGenerator.GetHexString(32, lowercase: true);
        if (id.StartsWith(UploadPrefix, StringComparison.Ordinal))
        {
            await HandAsync(id[UploadPrefix.Length..], request);
            return;
        }

        var solve = Read(request, id);
        using var upload = request.Query("remote") switch
        {
            "upload-request" => new ArchiveFiles(ct => TakeAsync(id, ct)),
            null => new ArchiveFiles(ct => contexts.ReceiveAsync(request.Http.Request.Body, ct)),
            _ => null,
        };
        ArchiveEndpoints.LiftLimits(request.Http);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(request.Streaming);
        var solving = solver.SolveAsync(solve, upload, stop.Token);
        try
        {
            // Refused before it began: there still is a status to say it with.
            if (solving.IsFaulted || jobs.Find(id) is not { } job)
            {
                _ = await solving;
                return;
            }

            await AnswerAsync(request, job, solve, solving);
        }
        finally
        {
            await stop.CancelAsync();
            await ((Task)solving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _ = _uploads.TryRemove(id, out _);
        }
    }

    /// <summary>The classic request as one of BuildKit's.</summary>
    internal static SolveRequest Read(EngineRequest request, string id)
    {
        var solve = new SolveRequest { Ref = id, Frontend = "dockerfile.v0", Session = request.Query("session") ?? "" };
        var attributes = solve.FrontendAttrs;
        Set("target", request.Query("target"));
        Set("filename", request.Query("dockerfile") is "." ? null : request.Query("dockerfile"));
        Set("cache-from", string.Join(',', Strings(request, "cachefrom")));
        Set("platform", request.Query("platform"));
        Set("image-resolve-mode", request.Flag("pull") ? "pull" : "default");
        Set("add-hosts", string.Join(',', request.QueryAll("extrahosts").Select(ExtraHost)));
        Set("shm-size", request.Query("shmsize") is "0" ? null : request.Query("shmsize"));
        Set("cgroup-parent", request.Query("cgroupparent"));
        Set("context", request.Query("remote") is null or "client-session" or "upload-request" ? null : request.Query("remote"));
        foreach (var limit in (ReadOnlySpan<string>)["memory", "memswap", "cpushares", "cpuperiod", "cpuquota", "cpusetcpus", "cpusetmems"])
        {
            Set(limit, request.Query(limit) is "0" ? null : request.Query(limit));
        }

        if (request.Flag("nocache"))
        {
            attributes["no-cache"] = "";
        }

        if (request.Flag("squash"))
        {
            throw EngineErrors.NotSupported("squashing layers is");
        }

        switch (request.Query("networkmode"))
        {
            case null or "default":
                break;
            case "host" or "none":
                attributes["force-network-mode"] = request.Query("networkmode");
                break;
            case var mode:
                throw EngineErrors.Invalid("build.network", $"network mode \"{mode}\" not supported by buildkit");
        }

        foreach (var (name, value) in Map(request, "buildargs"))
        {
            Set("build-arg:" + name, value, evenEmpty: true);
        }

        foreach (var (name, value) in Map(request, "labels"))
        {
            Set("label:" + name, value, evenEmpty: true);
        }

        if (request.Query("ulimits") is { } ulimits)
        {
            Set("ulimit", string.Join(',', Parsed("ulimits", ulimits, "[]", root => root.EnumerateArray().Select(Ulimit).ToList())));
        }

        foreach (var output in Outputs(request))
        {
            solve.Exporters.Add(output);
        }

        return solve;

        void Set(string key, string? value, bool evenEmpty = false)
        {
            if (value is not null && (evenEmpty || value.Length > 0))
            {
                attributes[key] = value;
            }
        }
    }

    private static string ExtraHost(string host) => host.IndexOf(':', StringComparison.Ordinal) is var colon && colon > 0
        ? $"{host[..colon]}={host[(colon + 1)..]}"
        : throw EngineErrors.Invalid("build.host", $"invalid host {host}");

    private static string Ulimit(JsonElement limit) =>
        $"{limit.GetProperty("Name").GetString()}={limit.GetProperty("Soft").GetInt64()}:{limit.GetProperty("Hard").GetInt64()}";

    private static IEnumerable<Exporter> Outputs(EngineRequest request)
    {
        var outputs = request.Query("outputs") is { } json ? Parsed("outputs", json, "[]", root => root.EnumerateArray().Select(Output).ToList()) : [];
        if (outputs.Count == 0)
        {
            outputs.Add(new() { Type = "moby" });
        }

        foreach (var named in outputs.Where(o => o.Type is "moby" or "image" or "docker" && !o.Attrs.ContainsKey("name")))
        {
            named.Attrs["name"] = string.Join(',', request.QueryAll("t"));
        }

        return outputs.Where(o => o.Type != "cacheonly");
    }

    private static Exporter Output(JsonElement output)
    {
        var exporter = new Exporter { Type = output.GetProperty("Type").GetString() ?? "" };
        if (output.TryGetProperty("Attrs", out var attributes) && attributes.ValueKind == JsonValueKind.Object)
        {
            foreach (var attribute in attributes.EnumerateObject())
            {
                exporter.Attrs[attribute.Name] = attribute.Value.GetString() ?? "";
            }
        }

        return exporter;
    }

    private static Dictionary<string, string?> Map(EngineRequest request, string name) => request.Query(name) is not { } json
        ? []
        : Parsed(name, json, "{}", root => root.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString(), StringComparer.Ordinal));

    private static List<string> Strings(EngineRequest request, string name) => request.Query(name) is not { } json
        ? []
        : Parsed<List<string>>(name, json, "[]", root => [.. root.EnumerateArray().Select(e => e.GetString() ?? "")]);

    private static T Parsed<T>(string name, string json, string empty, Func<JsonElement, T> read)
    {
        try
        {
            // Go writes an empty list or map as null.
            using var document = JsonDocument.Parse(json is "null" ? empty : json);
            return read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw EngineErrors.Invalid("build." + name, $"error reading {name}: {e.Message}");
        }
    }

    private static async Task AnswerAsync(EngineRequest request, BuildJob job, SolveRequest solve, Task<IReadOnlyDictionary<string, string>> solving)
    {
        using var lines = await request.StartLinesAsync();
        await foreach (var status in job.Journal.ReadAsync(request.Streaming))
        {
            await TellAsync(new() { Id = "moby.buildkit.trace", Aux = JsonSerializer.SerializeToElement(Convert.ToBase64String(status.ToByteArray()), EngineJson.Default.String) });
        }

        try
        {
            var result = await solving;
            if (solve.Exporters is [{ Type: "moby" }] && result.TryGetValue("containerimage.digest", out var id))
            {
                await TellAsync(new() { Id = "moby.image.id", Aux = JsonSerializer.SerializeToElement(new() { Id = id }, EngineJson.Default.BuildAux) });
            }
        }
        catch (Exception e) when (e is ErrorException or RpcException or OperationCanceledException)
        {
            var message = e switch { RpcException rpc => FailureWords.Placed(rpc), OperationCanceledException => "context canceled", _ => e.Message };
            await TellAsync(new() { ErrorDetail = new() { Message = message }, Error = message });
        }

        ValueTask TellAsync(ProgressMessage line) => lines.WriteAsync(line, EngineJson.Default.ProgressMessage, request.Streaming);
    }

    /// <summary>The request that carries the archive of a build: it lasts until the build has read it.</summary>
    private async Task HandAsync(string id, EngineRequest request)
    {
        ArchiveEndpoints.LiftLimits(request.Http);
        var handing = _uploads.GetOrAdd(id, static _ => new());
        if (!handing.Body.TrySetResult(request.Http.Request.Body))
        {
            throw new ErrorException(ErrorKind.Conflict, "build.upload", $"build {id} has its context already");
        }

        try
        {
            await handing.Taken.Task.WaitAsync(s_patience, time, request.Streaming);
            await handing.Read.Task.WaitAsync(request.Streaming);
        }
        catch (TimeoutException)
        {
            throw EngineErrors.Invalid("build.upload", $"no build {id} wants this context");
        }
        finally
        {
            _ = _uploads.TryRemove(id, out _);
        }

        await request.Empty(StatusCodes.Status200OK);
    }

    private async Task<ReceivedContext> TakeAsync(string id, CancellationToken ct)
    {
        var handing = _uploads.GetOrAdd(id, static _ => new());
        try
        {
            var body = await handing.Body.Task.WaitAsync(s_patience, time, ct);
            _ = handing.Taken.TrySetResult();
            return await contexts.ReceiveAsync(body, ct);
        }
        catch (TimeoutException)
        {
            throw EngineErrors.Invalid("build.upload", $"the context of build {id} has not come");
        }
        finally
        {
            _ = handing.Read.TrySetResult();
        }
    }

    private sealed class Handing
    {
        public TaskCompletionSource<Stream> Body { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Taken { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Read { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
