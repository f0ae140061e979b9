using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Web.Components.Pages.Containers;

/// <summary>What came of an action on several containers.</summary>
/// <param name="Done">How many succeeded.</param>
/// <param name="Failures">Name and reason of each that did not.</param>
public sealed record BulkOutcome(int Done, IReadOnlyList<(string Name, Error Error)> Failures);

/// <summary>Runs the use cases behind the buttons.</summary>
/// <param name="scopes">A circuit lives for hours; each command gets its own scope, as a request would.</param>
public sealed class ContainerCommands(IServiceScopeFactory scopes)
{
    private const int Parallel = 8;

    /// <summary>Runs one action on one container.</summary>
    /// <param name="action">What to do.</param>
    /// <param name="view">The container.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="removeVolumes">For a removal: its anonymous volumes too.</param>
    /// <param name="ct">Cancels the call.</param>
    public async Task<Result> RunAsync(ContainerAction action, ContainerView view, Actor actor, bool removeVolumes, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var (host, id) = (view.Host, view.Id);
        return action switch
        {
            ContainerAction.Start => await HandleAsync(new StartContainer(host, id)),
            ContainerAction.Stop => await HandleAsync(new StopContainer(host, id)),
            ContainerAction.Restart => await HandleAsync(new RestartContainer(host, id)),
            ContainerAction.Kill => await HandleAsync(new KillContainer(host, id)),
            ContainerAction.Remove => await HandleAsync(new RemoveContainer(host, id, Force: view.State.IsActive(), removeVolumes)),
        };

        Task<Result> HandleAsync<T>(T command) => scope.ServiceProvider.GetRequiredService<IHandler<T>>().HandleAsync(command, actor, ct);
    }

    /// <summary>Runs one action on several containers, a few at a time. One that fails does not stop the others.</summary>
    public async Task<BulkOutcome> RunAsync(
        ContainerAction action, IReadOnlyList<ContainerView> views, Actor actor, bool removeVolumes, CancellationToken ct)
    {
        var results = new Result[views.Count];
        await System.Threading.Tasks.Parallel.ForAsync(0, views.Count, new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = ct },
            async (i, token) => results[i] = await RunAsync(action, views[i], actor, removeVolumes, token));
        return new(
            results.Count(result => result.IsSuccess),
            [.. results.Zip(views).Where(pair => !pair.First.IsSuccess).Select(pair => (pair.Second.Name, pair.First.Error!))]);
    }

    /// <summary>Everything known of one container.</summary>
    public async Task<Result<ContainerDetails>> InspectAsync(ContainerKey key, Actor actor, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IQueryHandler<InspectContainer, ContainerDetails>>()
            .HandleAsync(new(key.Host, key.Id), actor, ct);
    }
}
