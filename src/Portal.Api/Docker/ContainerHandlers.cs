using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>Commands on containers, for pages and endpoints alike: each is a request over the desk.</summary>
internal sealed class ContainerHandlers(EngineRequests engine) :
    IHandler<StartContainer>, IHandler<StopContainer>, IHandler<RestartContainer>, IHandler<KillContainer>, IHandler<RemoveContainer>
{
    /// <summary>A stop waits for the container's own grace period, which may be long.</summary>
    private static readonly TimeSpan s_stop = TimeSpan.FromMinutes(10);

    public Task<Result> HandleAsync(StartContainer request, Actor actor, CancellationToken ct) =>
        engine.SendAsync(actor, request.Host, new(nameof(StartContainer), "POST", $"containers/{request.Container}/start"), ct);

    public Task<Result> HandleAsync(StopContainer request, Actor actor, CancellationToken ct) =>
        engine.SendAsync(actor, request.Host, new(nameof(StopContainer), "POST", $"containers/{request.Container}/stop") { Limit = s_stop }, ct);

    public Task<Result> HandleAsync(RestartContainer request, Actor actor, CancellationToken ct) =>
        engine.SendAsync(actor, request.Host, new(nameof(RestartContainer), "POST", $"containers/{request.Container}/restart") { Limit = s_stop }, ct);

    public Task<Result> HandleAsync(KillContainer request, Actor actor, CancellationToken ct) =>
        engine.SendAsync(actor, request.Host, new(nameof(KillContainer), "POST", $"containers/{request.Container}/kill") { Query = [("signal", "KILL")] }, ct);

    public Task<Result> HandleAsync(RemoveContainer request, Actor actor, CancellationToken ct) => engine.SendAsync(
        actor, request.Host, new(nameof(RemoveContainer), "DELETE", $"containers/{request.Container}") { Query = [("force", Flag(request.Force)), ("v", Flag(request.RemoveVolumes))] }, ct);

    private static string Flag(bool value) => value ? "1" : "0";
}
