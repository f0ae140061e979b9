using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Audit;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Api.Http;

/// <summary>Who asks, and of what. What is not found no use case hears of: where something was to be changed, it is recorded here.</summary>
internal sealed class Addressee(CurrentActor caller, Targets targets, IAuditLog audit)
{
    /// <summary>The host that a path names.</summary>
    /// <param name="host">Its id.</param>
    /// <param name="operation">What was to be changed; null for what only looks.</param>
    /// <param name="ct">Cancels the call.</param>
    public async Task<Result<(Actor Actor, HostId Host)>> HostAsync(string host, string? operation, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var found = targets.Host(actor, host);
        return found.Error is { } missing ? await MissingAsync(actor, operation, Printable.Of(host, 64), missing, ct) : (actor, found.Value.Id);
    }

    /// <summary>The container that a path names.</summary>
    /// <param name="host">The host's id.</param>
    /// <param name="id">The container's id, its beginning, or the name.</param>
    /// <param name="operation">What was to be changed; null for what only looks.</param>
    /// <param name="ct">Cancels the call.</param>
    public async Task<Result<(Actor Actor, ContainerView Container)>> ContainerAsync(string host, string id, string? operation, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var found = await targets.ContainerAsync(actor, host, id, ct);
        return found.Error is { } missing ? await MissingAsync(actor, operation, $"{Printable.Of(host, 64)}/{Printable.Of(id, 64)}", missing, ct) : (actor, found.Value);
    }

    private async Task<Error> MissingAsync(Actor actor, string? operation, string target, Error missing, CancellationToken ct)
    {
        if (operation is not null)
        {
            await audit.RecordAsync(actor, operation, target, missing, ct);
        }

        return missing;
    }
}
