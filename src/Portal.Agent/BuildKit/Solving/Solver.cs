using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Portal.Agent.BuildKit.Sessions;
using Portal.Agent.EngineApi;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Contexts;
using Result = Portal.Agent.BuildKit.Wire.Gateway.Result;
using SolveRequest = Portal.Agent.BuildKit.Wire.SolveRequest;

namespace Portal.Agent.BuildKit.Solving;

/// <summary>Runs what a client of BuildKit asks to be solved: makes a build request of it, has it built, and brings the result where it is wanted.</summary>
internal sealed class Solver(BuildJobs jobs, ClientSessions sessions, ContextFolders folders, Exports exports, IBuilder builder)
{
    private const string Upload = "http://buildkit-session/";

    /// <summary>Solves a request to the end.</summary>
    /// <param name="request">The request.</param>
    /// <param name="context">A context that came with the request itself; null when it is the client's session that has it.</param>
    /// <param name="ct">The caller is gone.</param>
    /// <returns>What the client gets to know of the result.</returns>
    public async Task<IReadOnlyDictionary<string, string>> SolveAsync(SolveRequest request, IBuildSource? context, CancellationToken ct)
    {
        var job = jobs.Add(request.Ref);
        string? error = null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct, job.Cancelled);
        try
        {
            return await SolveAsync(job, request, context, stop.Token);
        }
        catch (Exception e)
        {
            error = e switch
            {
                RpcException { Status.Detail: var detail } => detail,
                OperationCanceledException => "context canceled",
                _ => e.Message,
            };
            throw;
        }
        finally
        {
            jobs.End(job, error);
        }
    }

    private async Task<IReadOnlyDictionary<string, string>> SolveAsync(BuildJob job, SolveRequest request, IBuildSource? context, CancellationToken ct)
    {
        Refuse(request);
        if (request.Frontend.Length > 0)
        {
            return await BuildAsync(job, SolveAttributes.Read(request.Frontend, request.FrontendAttrs), request, context, ct);
        }

        // The client's own front end asks us for builds, and says in the end which of them it wants.
        var returned = await job.Returned.Task.WaitAsync(ct);
        if (returned.Error is { } failure)
        {
            throw Passed(failure);
        }

        return RefOf(returned.Result) is not { Length: > 0 } reference ? new Dictionary<string, string>()
            : job.Asked.TryGetValue(reference, out var attributes) ? await BuildAsync(job, attributes, request, context, ct)
            : throw EngineErrors.Invalid("build.ref", $"invalid ref: {reference}");
    }

    private static void Refuse(SolveRequest request)
    {
        if (request.Definition?.Def.Count > 0 || request.FrontendInputs.Values.Any(d => d.Def.Count > 0))
        {
            throw new ErrorException(ErrorKind.NotImplemented, "build.definition", "builds from a definition (LLB) are not supported by this engine: it builds Dockerfiles");
        }

        if (request.SourcePolicy is { Rules.Count: > 0 })
        {
            throw new ErrorException(ErrorKind.NotImplemented, "build.policy", "source policies are not supported by this engine");
        }

        if (request.Entitlements.FirstOrDefault(e => e is not "network.host") is { } entitlement)
        {
            throw new ErrorException(ErrorKind.NotImplemented, "build.entitlement", $"entitlement {entitlement} is not allowed by this engine");
        }

        if (request.Cache?.Exports.FirstOrDefault(e => e.Type != "inline") is { } cache)
        {
            throw new ErrorException(ErrorKind.NotImplemented, "build.cache_export", $"cache export of type {cache.Type} is not supported by this engine");
        }
    }

    private static string? RefOf(Result? result) => result?.ResultCase switch
    {
        Result.ResultOneofCase.Ref => result.Ref.Id,
        Result.ResultOneofCase.RefDeprecated => result.RefDeprecated,
        Result.ResultOneofCase.Refs => result.Refs.Refs.Values.FirstOrDefault()?.Id,
        Result.ResultOneofCase.RefsDeprecated => result.RefsDeprecated.Refs.Values.FirstOrDefault(),
        _ => null,
    };

    /// <summary>A failure of the client's front end comes back as it was given.</summary>
    private static RpcException Passed(Wire.Gateway.Status failure) => new(
        new((StatusCode)failure.Code, failure.Message), new Metadata { { "grpc-status-details-bin", failure.ToByteArray() } });

    private async Task<IReadOnlyDictionary<string, string>> BuildAsync(BuildJob job, SolveAttributes attributes, SolveRequest request, IBuildSource? given, CancellationToken ct)
    {
        if (attributes.Question is { } question)
        {
            throw new ErrorException(ErrorKind.NotImplemented, "build.request", $"unsupported request frontend.{question}");
        }

        var wanted = Exports.Read(request);
        var session = request.Session.Length > 0 ? await sessions.GetAsync(request.Session, ct) : null;
        await using var upload = session is not null && attributes.RemoteContext?.StartsWith(Upload, StringComparison.Ordinal) == true
            ? new ArchiveFiles(folders, _ => Task.FromResult(Uploads.Pull(session, attributes.RemoteContext)))
            : null;
        var build = await RequestAsync(attributes, session, given ?? upload, ct) with { Tags = Exports.Names(wanted) };
        BuildResult result;
        try
        {
            result = await builder.BuildAsync(build, job.Journal, ct);
        }
        catch (ErrorException e)
        {
            throw Located(e, job.Journal.Failed, attributes.Dockerfile);
        }

        foreach (var warning in result.Warnings)
        {
            job.Journal.Warn(null, new()
            {
                Level = 1,
                Short = ByteString.CopyFromUtf8(warning.Text),
                Ranges = { new Wire.Range { Start = new() { Line = warning.Line }, End = new() { Line = warning.Line } } },
            });
        }

        return await exports.RunAsync(wanted, result, session, job.Journal, ct);
    }

    private async Task<BuildRequest> RequestAsync(SolveAttributes attributes, ClientSession? session, IBuildSource? given, CancellationToken ct)
    {
        if (given is null && attributes.RemoteContext is { } remote)
        {
            throw new ErrorException(ErrorKind.NotImplemented, "build.remote", $"the build context {remote} is not supported by this engine: fetch it first and build the folder");
        }

        var ownDockerfile = given is null || attributes.HasDockerfileFolder;
        var contexts = new Dictionary<string, NamedContext>(StringComparer.Ordinal);
        foreach (var (name, value) in attributes.NamedContexts)
        {
            contexts[name.Split("::")[0]] = await NamedAsync(name, value, attributes, session, ct);
        }

        return new()
        {
            Context = given ?? await FilesAsync(attributes.ContextFolder, attributes, session, ct),
            DockerfileSource = ownDockerfile ? await FilesAsync(attributes.DockerfileFolder, attributes, session, ct) : null,
            Dockerfile = attributes.Dockerfile,
            NamedContexts = contexts,
            Target = attributes.Target,
            Arguments = attributes.Arguments,
            Labels = attributes.Labels,
            NoCache = attributes.NoCache,
            NoCacheStages = attributes.NoCacheStages,
            Pull = attributes.Pull,
            CacheFrom = attributes.CacheFrom,
            Network = attributes.Network,
            ExtraHosts = attributes.ExtraHosts,
            Resources = attributes.Resources,
            Ulimits = attributes.Ulimits,
            ShmSizeBytes = attributes.ShmSizeBytes,
            CgroupParent = attributes.CgroupParent,
            Platform = attributes.Platform,
            Secrets = session is null ? null : new SessionSecrets(session),
            SshAgents = session is null ? null : new SessionSshAgents(session),
            Credentials = session is null ? null : new SessionCredentials(session),
        };
    }

    private async Task<NamedContext> NamedAsync(string name, string value, SolveAttributes attributes, ClientSession? session, CancellationToken ct)
    {
        const string image = "docker-image://";
        const string local = "local:";
        return value.StartsWith(image, StringComparison.Ordinal) ? new(null, value[image.Length..])
            : value.StartsWith(local, StringComparison.Ordinal) ? new(await FilesAsync(value[local.Length..], attributes, session, ct), null)
            : throw new ErrorException(ErrorKind.NotImplemented, "build.context", $"the context {name}={value} is not supported by this engine: use a folder or docker-image://");
    }

    private async Task<SessionFiles> FilesAsync(string folder, SolveAttributes attributes, ClientSession? session, CancellationToken ct)
    {
        var owner = attributes.Sessions.TryGetValue(folder, out var other) ? await sessions.GetAsync(other, ct) : session;
        return owner is null
            ? throw EngineErrors.Invalid("build.session", "a build of a client's files needs its session")
            : new(owner, folder, attributes.SharedKeys.GetValueOrDefault(folder, owner.SharedKey), folders);
    }

    /// <summary>Adds where in the Dockerfile it went wrong, in the way BuildKit's clients know how to show.</summary>
    private static RpcException Located(ErrorException e, BuildStep? step, string dockerfile)
    {
        var known = Services.ErrorWords.Of(e);
        if (step is not { Line: > 0 })
        {
            return known;
        }

        var status = new Wire.Gateway.Status { Code = (int)known.StatusCode, Message = known.Status.Detail };
        status.Details.Add(new Google.Protobuf.WellKnownTypes.Any
        {
            TypeUrl = "github.com/moby/buildkit/errdefs.Source+json",
            Value = ByteString.CopyFrom(Source(dockerfile, step.Line)),
        });
        return Passed(status);
    }

    private static byte[] Source(string dockerfile, int line)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("info");
            json.WriteString("filename", dockerfile);
            json.WriteEndObject();
            json.WriteStartArray("ranges");
            json.WriteStartObject();
            foreach (var end in (ReadOnlySpan<string>)["start", "end"])
            {
                json.WriteStartObject(end);
                json.WriteNumber("line", line);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
