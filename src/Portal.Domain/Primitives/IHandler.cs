using Portal.Domain.Access;

namespace Portal.Domain.Primitives;

/// <summary>A use case that changes something. Checks access, does it, records it.</summary>
public interface IHandler<in TCommand>
{
    /// <summary>Runs the use case for <paramref name="actor"/>.</summary>
    Task<Result> HandleAsync(TCommand command, Actor actor, CancellationToken ct);
}

/// <summary>A use case that answers something. Checks access and reads.</summary>
public interface IQueryHandler<in TQuery, TAnswer>
{
    /// <summary>Answers the question for <paramref name="actor"/>.</summary>
    Task<Result<TAnswer>> HandleAsync(TQuery query, Actor actor, CancellationToken ct);
}
