using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Portal.Api.Adapters.Hosts;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Access.Restrictions;
using Portal.Domain.Audit;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>
/// The Docker Engine API of every host, for the <c>docker</c> command and whatever else speaks it: each request is found in the catalogue, read, decided on,
/// written down, and sent on.
/// </summary>
internal sealed class DockerEndpoint(
    IHostDirectory hosts, IAccessPolicy access, IHostRestrictions restrictions, IOwnership ownership, IAuditLog audit, DockerLookup lookup, DockerRelay relay, DockerRecord record,
    DockerCommands commands, Reauthorisation reauthorisation)
{
    private readonly DockerPolicy _policy = new(access);

    public async Task HandleAsync(HttpContext http, string host, CurrentActor caller)
    {
        var ct = http.RequestAborted;

        // A browser's cookie opens nothing here: no page is to speak with an engine.
        if (http.Request.Headers.Authorization.Count == 0)
        {
            await ErrorProblems.Unauthorized().ExecuteAsync(http);
            return;
        }

        var actor = await caller.GetAsync(ct);
        try
        {
            if (await AskAsync(http, host, actor, ct) is { } refusal)
            {
                await RefuseAsync(http, refusal);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The client is gone.
        }
        catch (BadHttpRequestException e)
        {
            await RefuseAsync(http, new(ErrorKind.Invalid, "docker.body", e.Message));
        }
        catch (Exception e) when (HostId.TryParse(host, null, out var id) && EngineCalls.Explain(id, e) is { } error)
        {
            await RefuseAsync(http, error);
        }
    }

    /// <summary>Null when it was answered.</summary>
    private async Task<Error?> AskAsync(HttpContext http, string text, Actor actor, CancellationToken ct)
    {
        if (!HostId.TryParse(text, null, out var id) || hosts.Find(id) is null || !access.Reaches(actor, Permission.EngineRead, new AccessTarget(id)))
        {
            var nowhere = Targets.UnknownHost(text);
            await audit.RecordAsync(actor, "Docker", Printable.Of($"{text} {http.Request.Method} {http.Request.Path}"), nowhere, ct);
            return nowhere;
        }

        var host = new AccessTarget(id);
        var found = Find(http, text);
        if (found.Error is { } unknown)
        {
            await audit.RecordAsync(actor, "Docker", Printable.Of($"{id} {http.Request.Method} {http.Request.Path}"), unknown, ct);
            return unknown;
        }

        var call = found.Value with { Body = await BodyAsync(http, found.Value.Operation, ct), ContentType = http.Request.ContentType };
        var (operation, target) = ($"Docker {call.Operation}", Printable.Of(call.Name.Length > 0 ? $"{id}/{call.Name}" : $"{id}"));
        var (decision, ask, name) = await DecideAsync(actor, call, host, ct);
        if (decision.Refusal is { } refusal)
        {
            await audit.RecordAsync(actor, operation, target, refusal, ct);
            return refusal;
        }

        var changes = call.Operation.Method is not ("GET" or "HEAD");
        if (changes && (await audit.BeginAsync(actor, operation, target, ct)).Error is { } unwritten)
        {
            return unwritten;
        }

        var outcome = new DockerOutcome();
        Error? failure = null;
        try
        {
            var sight = ask is null ? null : new DockerSight(actor, host, access, (kind, resource) => ownership.Of(id, kind, resource));
            await foreach (var _ in reauthorisation.Guard(http.User, actor, relay.RunAsync(http, id, call, name, decision, sight, outcome, CancellationToken.None), ct))
            {
            }

            await record.KeepAsync(actor, id, call, name, ask, decision, outcome, CancellationToken.None);
        }
        catch (Exception e)
        {
            failure = EngineCalls.Explain(id, e) ?? new(ErrorKind.Internal, "docker.broken", "The connection broke.");
            throw;
        }
        finally
        {
            if (changes)
            {
                failure ??= outcome.Status >= 400 ? new(ErrorKind.Invalid, "engine.status", $"The engine answered {outcome.Status}.") : null;
                await audit.RecordAsync(actor, operation, target, failure, CancellationToken.None);
            }
        }

        return null;
    }

    private async Task<(DockerDecision Decision, DockerAsk? Ask, string? Name)> DecideAsync(Actor actor, DockerCall call, AccessTarget host, CancellationToken ct)
    {
        if (_policy.IsUnrestricted(actor, call.Operation.Permission, host))
        {
            return (DockerPolicy.Decide(call), null, null);
        }

        if (call.Operation.Place == DockerPlace.Exec)
        {
            // Whatever else one may do there: the terminal is that of whoever opened it.
            if (!commands.IsOf(host.Host!.Value, call.Name, actor))
            {
                return (DockerDecision.Refuse(new(ErrorKind.NotFound, "docker.not_found", $"No such exec instance: {call.Name}")), null, null);
            }

            call = call with { ExecContainer = await lookup.ContainerOfAsync(host.Host!.Value, call.Name, ct) };
        }

        var ask = DockerAsk.Read(call);
        if (ask.Error is { } unreadable)
        {
            return (DockerDecision.Refuse(unreadable), null, null);
        }

        var found = await lookup.FindAsync(host, ask.Value.References, ct);
        var decision = _policy.Decide(actor, ask.Value, host, await restrictions.OfAsync(host.Host!.Value, ct), reference => found[reference]);

        // What was decided on is what is acted on, whoever takes the name meanwhile. An image's name is what matters of it.
        var named = ask.Value.References.FirstOrDefault(reference => reference.InPath && reference.Kind != ResourceKind.Image);
        return (decision, ask.Value, named is null ? null : found[named]?.Target.Id);
    }

    /// <summary>From the request line itself: what the server made of it is decoded and folded.</summary>
    private static Result<DockerCall> Find(HttpContext http, string host)
    {
        var raw = http.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var prefix = $"/api/v1/hosts/{host}/docker";
        var question = raw.IndexOf('?', StringComparison.Ordinal);
        var (path, query) = question < 0 ? (raw, "") : (raw[..question], raw[(question + 1)..]);
        return DockerCall.Find(http.Request.Method, path.StartsWith(prefix, StringComparison.Ordinal) ? path[prefix.Length..] : "", query);
    }

    private static async Task<ReadOnlyMemory<byte>> BodyAsync(HttpContext http, DockerOperation operation, CancellationToken ct)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = operation.Body == DockerBody.Archive ? null : EngineBody.Limit;
        }

        if (operation.Body == DockerBody.Archive && http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        // A reader of logs may pause for as long as it likes; it holds up nobody but itself.
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } slow)
        {
            slow.MinDataRate = null;
        }

        if (operation.Body != DockerBody.Json)
        {
            return default;
        }

        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, ct);
        return body.ToArray();
    }

    /// <summary>In the form that Docker's clients read.</summary>
    private static async Task RefuseAsync(HttpContext http, Error error)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        http.Response.Clear();
        http.Response.StatusCode = ErrorProblems.StatusOf(error.Kind);
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(new ErrorMessage { Message = error.Message }, EngineJson.Default.ErrorMessage), http.RequestAborted);
    }
}

/// <summary>Where the Docker Engine API is.</summary>
internal static class DockerModule
{
    public static IServiceCollection AddDocker(this IServiceCollection services) => services
        .AddSingleton<IOwnership, MemoryOwnership>()
        .AddSingleton<IHostRestrictions, DefaultRestrictions>()
        .AddSingleton<DockerCommands>()
        .AddSingleton<DockerLookup>()
        .AddSingleton<DockerRelay>()
        .AddSingleton<DockerRecord>()
        .AddSingleton<DockerEndpoint>();

    public static void MapDocker(this IEndpointRouteBuilder api) =>
        api.Map("/hosts/{host}/docker/{**path}", (HttpContext http, string host, DockerEndpoint docker, CurrentActor caller) => docker.HandleAsync(http, host, caller))
            .RequireSignIn().ExcludeFromDescription();
}
