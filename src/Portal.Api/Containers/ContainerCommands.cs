using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Audit;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Api.Containers;

/// <summary>Finds the container that a path names, and runs commands on it. The handler records what it was asked; what never reaches it is recorded here.</summary>
internal sealed class ContainerCommands(CurrentActor caller, Targets targets, IAccessPolicy access, IAccessTargets facts, IAuditLog audit)
{
    /// <summary>The caller and the container, when the caller holds the permission on it.</summary>
    public async Task<Result<(Actor Actor, ContainerView Container)>> FindAsync(string operation, Permission permission, string host, string id, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var container = await targets.ContainerAsync(actor, host, id, ct);
        if ((container.Error ?? access.CheckNamed(actor, permission, facts.Container(container.Value))) is not { } refusal)
        {
            return (actor, container.Value);
        }

        await audit.RecordAsync(actor, operation, $"{Printable.Of(host, 64)}/{Printable.Of(id, 64)}", refusal, ct);
        return refusal;
    }

    public async Task<Results<NoContent, Problem>> RunAsync<TCommand>(
        string host, string id, IHandler<TCommand> handler, Func<ContainerView, TCommand> command, CancellationToken ct)
    {
        var found = await FindAsync(typeof(TCommand).Name, Permission.ContainerRead, host, id, ct);
        if (found.Error is { } missing)
        {
            return missing.ToProblem();
        }

        var result = await handler.HandleAsync(command(found.Value.Container), found.Value.Actor, ct);
        return result.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }
}
