using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Portal.Api.Adapters.Hosts;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Audit;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>
/// The Docker Engine API of every host, for the <c>docker</c> command and whatever else speaks it: each request is found in the catalogue, decided on at the
/// desk, and relayed.
/// </summary>
internal sealed class DockerEndpoint(IHostDirectory hosts, IAccessPolicy access, IHostAccess facts, IAuditLog audit, DockerDesk desk, DockerRelay relay, DockerStreams streams, Reauthorisation reauthorisation)
{
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
        if (!HostId.TryParse(text, null, out var id) || hosts.Find(id) is null || !access.Reaches(actor, Permission.EngineRead, facts.Target(id)))
        {
            var nowhere = Targets.UnknownHost(text);
            await audit.RecordAsync(actor, "Docker", Printable.Of($"{text} {http.Request.Method} {http.Request.Path}"), nowhere, ct);
            return nowhere;
        }

        var found = Find(http, text);
        if (found.Error is { } unknown)
        {
            await audit.RecordAsync(actor, "Docker", Printable.Of($"{id} {http.Request.Method} {http.Request.Path}"), unknown, ct);
            return unknown;
        }

        var place = found.Value.Lasts ? streams.Enter(actor) : Result.Of<IDisposable?>(null);
        if (place.Error is { } full)
        {
            await audit.RecordAsync(actor, $"Docker {found.Value.Operation}", id.Value, full, ct);
            return full;
        }

        using var held = place.Value;
        var call = found.Value with { Body = await BodyAsync(http, found.Value.Operation, ct), ContentType = http.Request.ContentType };
        return await desk.RunAsync(actor, id, call, $"Docker {call.Operation}", async (pass, outcome) =>
        {
            await foreach (var _ in reauthorisation.Guard(http.User, actor, relay.RunAsync(http, pass, outcome, CancellationToken.None), ct))
            {
            }
        }, ct);
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

    private static async Task RefuseAsync(HttpContext http, Error error)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        http.Response.Clear();
        await DockerRefusal.WriteAsync(http, error, ErrorProblems.StatusOf(error.Kind));
    }
}

/// <summary>Where the Docker Engine API is.</summary>
internal static class DockerModule
{
    public static IServiceCollection AddDocker(this IServiceCollection services) => services
        .AddSingleton<DockerCommands>()
        .AddSingleton<DockerLookup>()
        .AddSingleton<DockerRelay>()
        .AddSingleton<DockerRecord>()
        .AddSingleton<DockerStreams>()
        .AddSingleton<TeamQuotas>()
        .AddSingleton<RegistryCredentials>()
        .AddSingleton<DockerDesk>()
        .AddSingleton<EngineRequests>()
        .AddSingleton<EngineContainers>()
        .AddSingleton<EngineNetworks>()
        .AddSingleton<EngineVolumes>()
        .AddSingleton<EngineFacts>()
        .AddSingleton<EngineImages>()
        .AddSingleton<EngineBuilds>()
        .AddSingleton<EngineRegistries>()
        .AddSingleton<IHandler<StartContainer>, ContainerHandlers>()
        .AddSingleton<IHandler<StopContainer>, ContainerHandlers>()
        .AddSingleton<IHandler<RestartContainer>, ContainerHandlers>()
        .AddSingleton<IHandler<KillContainer>, ContainerHandlers>()
        .AddSingleton<IHandler<RemoveContainer>, ContainerHandlers>()
        .AddSingleton<DockerEndpoint>();

    public static void MapDocker(this IEndpointRouteBuilder api) =>
        api.Map("/hosts/{host}/docker/{**path}", (HttpContext http, string host, DockerEndpoint docker, CurrentActor caller) => docker.HandleAsync(http, host, caller))
            .RequireSignIn().ExcludeFromDescription();
}
