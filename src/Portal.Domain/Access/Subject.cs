namespace Portal.Domain.Access;

/// <summary>What sort of subject.</summary>
public enum SubjectKind
{
    User,
    Team,
    Token,
}

/// <summary>Who can be given something: a person, a team, or an API token.</summary>
/// <param name="Kind">Which of them.</param>
/// <param name="Id">Its stable id.</param>
public readonly record struct Subject(SubjectKind Kind, string Id)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Kind.ToString().ToLowerInvariant()} {Id}";
}
