namespace Portal.Domain.Access;

/// <summary>A role over a scope, given to a subject.</summary>
/// <param name="Role">What it allows.</param>
/// <param name="Scope">Where.</param>
public sealed record Grant(Role Role, Scope Scope)
{
    /// <summary>Its id; empty for one that is not stored.</summary>
    public string Id { get; init; } = "";

    /// <summary>Who has it.</summary>
    public Subject Subject { get; init; }

    /// <summary>For an error or an explanation.</summary>
    public override string ToString() => $"{Role.Name} over {Scope}, given to {Subject}";
}
