using Google.Protobuf;
using Grpc.Core;
using Portal.Agent.BuildKit.Sessions;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Contexts;
using Portal.Runtime.Images;
using Result = Portal.Agent.BuildKit.Wire.Gateway.Result;
using SolveRequest = Portal.Agent.BuildKit.Wire.SolveRequest;

namespace Portal.Agent.BuildKit.Solving;

/// <summary>Runs what a client of BuildKit asks to be solved: makes a build request of it, has it built, and brings the result where it is wanted.</summary>
internal sealed class Solver(BuildJobs jobs, ClientSessions sessions, ContextFolders folders, IBuildContexts contexts, Exports exports, IImages images, IBuilder builder)
{
    /// <summary>Solves a request to the end.</summary>
    /// <param name="request">The request.</param>
    /// <param name="source">A context that came with the request itself; null when it is the client's session that has it.</param>
    /// <param name="ct">The caller is gone.</param>
    /// <returns>What the client gets to know of the result.</returns>
    public async Task<IReadOnlyDictionary<string, string>> SolveAsync(SolveRequest request, IBuildSource? source, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var job = jobs.Add(request.Ref, new(request, source, stop));
        string? error = null;
        try
        {
            Refuse(request);
            return await SolveAsync(job, stop.Token);
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
            // What was begun and is not wanted any more leaves nothing behind either.
            await stop.CancelAsync();
            foreach (var begun in job.Asked.Values.Select(asked => asked.Begun).OfType<Task>())
            {
                await begun.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            jobs.End(job, error);
        }
    }

    /// <summary>Draws up a build for a job.</summary>
    /// <returns>The reference of its result.</returns>
    public string Ask(BuildJob job, SolveAttributes attributes)
    {
        var reference = $"{job.Name}-{job.Asked.Count}";
        job.Asked[reference] = new(() => BuildAsync(job, attributes));
        return reference;
    }

    /// <summary>Answers what a client asks about its Dockerfile.</summary>
    public Task<IReadOnlyDictionary<string, ByteString>> AnswerAsync(BuildJob job, SolveAttributes attributes, string question) =>
        WithRequestAsync(job, attributes, async build => Questions.Answer(question, attributes.Dockerfile, await builder.LookAsync(build, job.Journal, job.Context.Stop.Token)));

    private async Task<IReadOnlyDictionary<string, string>> SolveAsync(BuildJob job, CancellationToken ct)
    {
        var request = job.Context.Request;
        string? reference;
        if (request.Frontend.Length > 0)
        {
            reference = Ask(job, SolveAttributes.Read(request.Frontend, request.FrontendAttrs));
        }
        else
        {
            // The client's own front end asks us for builds, and says in the end which of them it wants.
            var returned = await job.Returned.Task.WaitAsync(ct);
            if (returned.Error is { } failure)
            {
                // As it was given.
                throw FailureWords.Passed(failure);
            }

            reference = RefOf(returned.Result);
        }

        return reference is not { Length: > 0 } ? new Dictionary<string, string>()
            : job.Asked.TryGetValue(reference, out var asked) ? await ExportAsync(job, await asked.ResultAsync(), ct)
            : throw EngineErrors.Invalid("build.ref", $"invalid ref: {reference}");
    }

    private async Task<IReadOnlyDictionary<string, string>> ExportAsync(BuildJob job, SolvedBuild solved, CancellationToken ct)
    {
        var wanted = Exports.Read(job.Context.Request);
        try
        {
            return await exports.RunAsync(wanted, solved.Result, await SessionAsync(job, ct), job.Journal, ct);
        }
        finally
        {
            if (solved is { IsNew: true, Result.Image: { } image } && !wanted.Any(Exports.IsKept))
            {
                await DropAsync(image);
            }
        }
    }

    private async Task<ClientSession?> SessionAsync(BuildJob job, CancellationToken ct) =>
        job.Context.Request.Session is { Length: > 0 } id ? await sessions.GetAsync(id, ct) : null;

    private static void Refuse(SolveRequest request)
    {
        if (request.Definition?.Def.Count > 0 || request.FrontendInputs.Values.Any(d => d.Def.Count > 0))
        {
            throw BuildReference.Refusal();
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

    private async Task<SolvedBuild> BuildAsync(BuildJob job, SolveAttributes attributes)
    {
        if (attributes.Question is { } question)
        {
            throw new ErrorException(ErrorKind.NotImplemented, "build.request", $"unsupported request frontend.{question}");
        }

        var tags = Exports.Names(Exports.Read(job.Context.Request));
        return await WithRequestAsync(job, attributes, async build =>
        {
            var before = images.List().Select(image => image.Id).ToHashSet();
            var result = await builder.BuildAsync(build with { Tags = tags }, job.Journal, job.Context.Stop.Token);
            Warn(job.Journal, result);
            return new SolvedBuild(result, result.Image is { } image && !before.Contains(image));
        });
    }

    /// <summary>Makes a request for the builder, and has something done with it while its contexts are there.</summary>
    private async Task<T> WithRequestAsync<T>(BuildJob job, SolveAttributes attributes, Func<BuildRequest, Task<T>> work)
    {
        var ct = job.Context.Stop.Token;
        var session = await SessionAsync(job, ct);
        using var remote = new RemoteContexts(contexts, session, attributes.KeepsGitFolder);
        var given = job.Context.Source ?? (attributes.RemoteContext is { } address ? remote.Open(address) : null);
        try
        {
            return await work(await RequestAsync(attributes, session, given, remote, ct));
        }
        catch (BuildFailure e)
        {
            throw FailureWords.Located(e, attributes.Dockerfile);
        }
    }

    /// <summary>A client that wants files, or nothing at all, is left no image in the store.</summary>
    private async Task DropAsync(Digest image)
    {
        try
        {
            _ = await images.RemoveAsync(image.ToString(), force: false, noPrune: false, CancellationToken.None);
        }
        catch (ErrorException)
        {
            // Somebody uses it already.
        }
    }

    private static void Warn(StatusJournal journal, BuildResult result)
    {
        foreach (var warning in result.Warnings)
        {
            journal.Warn(null, new()
            {
                Level = 1,
                Short = ByteString.CopyFromUtf8(warning.Text),
                Ranges = { new Wire.Range { Start = new() { Line = warning.Line }, End = new() { Line = warning.Line } } },
            });
        }
    }

    private async Task<BuildRequest> RequestAsync(SolveAttributes attributes, ClientSession? session, IBuildSource? given, RemoteContexts remote, CancellationToken ct)
    {
        var ownDockerfile = given is null || attributes.HasDockerfileFolder;
        var contexts = new Dictionary<string, NamedContext>(StringComparer.Ordinal);
        foreach (var (name, value) in attributes.NamedContexts)
        {
            contexts[name.Split("::")[0]] = await NamedAsync(name, value, attributes, session, remote, ct);
        }

        return new()
        {
            Context = given ?? await FilesAsync(attributes.ContextFolder, attributes, session, ct),
            DockerfileSource = ownDockerfile ? await FilesAsync(attributes.DockerfileFolder, attributes, session, ct) : null,
            Dockerfile = attributes.Dockerfile,
            HeedSyntax = true,
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

    private async Task<NamedContext> NamedAsync(string name, string value, SolveAttributes attributes, ClientSession? session, RemoteContexts remote, CancellationToken ct)
    {
        const string image = "docker-image://";
        const string local = "local:";
        const string input = "input:";
        return value.StartsWith(image, StringComparison.Ordinal) ? new(null, value[image.Length..])
            : value.StartsWith(local, StringComparison.Ordinal) ? new(await FilesAsync(value[local.Length..], attributes, session, ct), null)
            : value.StartsWith(input, StringComparison.Ordinal) ? new(null, await InputAsync(value[input.Length..], attributes, ct))
            : RemoteContexts.IsAddress(value) ? new(remote.Open(value), null)
            : throw new ErrorException(ErrorKind.NotImplemented, "build.context", $"the context {name}={value} is not supported by this engine: use a folder, a git repository, the address of an archive, or docker-image://");
    }

    /// <summary>The image that another build of the client leads to.</summary>
    private async Task<string> InputAsync(string name, SolveAttributes attributes, CancellationToken ct)
    {
        var asked = attributes.Inputs.TryGetValue(name, out var reference) ? jobs.FindAsked(reference) : null;
        var solved = await (asked ?? throw EngineErrors.Invalid("build.input", $"invalid input {name}: no such build")).ResultAsync().WaitAsync(ct);
        return solved.Result.Image?.ToString() ?? throw EngineErrors.Invalid("build.input", $"invalid input {name}: it is no image");
    }

    private async Task<SessionFiles> FilesAsync(string folder, SolveAttributes attributes, ClientSession? session, CancellationToken ct)
    {
        var owner = attributes.Sessions.TryGetValue(folder, out var other) ? await sessions.GetAsync(other, ct) : session;
        return owner is null
            ? throw EngineErrors.Invalid("build.session", "a build of a client's files needs its session")
            : new(owner, folder, attributes.SharedKeys.GetValueOrDefault(folder, owner.SharedKey), folders);
    }
}
