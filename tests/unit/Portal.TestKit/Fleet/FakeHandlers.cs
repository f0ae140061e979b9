using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.TestKit.Fleet;

/// <summary>Records commands, and answers each as the test says.</summary>
public sealed class FakeHandler<T> : IHandler<T>
{
    /// <summary>What was asked, in order.</summary>
    public List<T> Commands { get; } = [];

    /// <summary>The answer to a command; success unless told otherwise.</summary>
    public Func<T, Result> Answer { get; set; } = _ => Result.Success;

    public Task<Result> HandleAsync(T command, Actor actor, CancellationToken ct)
    {
        lock (Commands)
        {
            Commands.Add(command);
        }

        return Task.FromResult(Answer(command));
    }
}

/// <summary>Knows the details of containers that a test put there.</summary>
public sealed class FakeInspect : IQueryHandler<InspectContainer, ContainerDetails>
{
    /// <summary>Details by container.</summary>
    public Dictionary<ContainerId, ContainerDetails> Known { get; } = [];

    public Task<Result<ContainerDetails>> HandleAsync(InspectContainer query, Actor actor, CancellationToken ct) =>
        Task.FromResult<Result<ContainerDetails>>(Known.TryGetValue(query.Container, out var details)
            ? details
            : new Error(ErrorKind.NotFound, "container.unknown", "There is no such container."));
}
