using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Audit;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Api.Containers;

/// <summary>Runs a command on the container a path names. The handler records what it was asked; what never reaches it is recorded here.</summary>
internal sealed class ContainerCommands(CurrentActor caller, Targets targets, IAuditLog audit)
{
    public async Task<Results<NoContent, Problem>> RunAsync<TCommand>(
        string host, string id, IHandler<TCommand> handler, Func<ContainerView, TCommand> command, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var target = await targets.ContainerAsync(actor, host, id, ct);
        if (target.Error is { } missing)
        {
            await audit.RecordAsync(actor, typeof(TCommand).Name, $"{Printable.Of(host, 64)}/{Printable.Of(id, 64)}", missing, ct);
            return missing.ToProblem();
        }

        var result = await handler.HandleAsync(command(target.Value), actor, ct);
        return result.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }
}
