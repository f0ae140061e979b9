namespace Portal.Domain.Access.Restrictions;

/// <summary>Something asked for that a host's restrictions do not let people have who are not administrators.</summary>
/// <param name="Rule">Name of the restriction, as settings and refusals call it.</param>
/// <param name="What">What of the request it is, in words.</param>
public sealed record Violation(string Rule, string What);
