namespace Portal.Domain.Access.Tokens;

/// <summary>An API token as people see it: never its secret.</summary>
/// <param name="Id">Stable.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Prefix">The beginning of the secret, to tell tokens apart.</param>
/// <param name="Owner">The user or team it speaks for.</param>
/// <param name="Limits">What it is limited to; null for all that its owner holds.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Expires">When it ends.</param>
/// <param name="LastUsed">When it was last used, to the minute; null for never.</param>
public sealed record ApiToken(
    string Id, string Name, string Prefix, Subject Owner, IReadOnlyList<TokenLimit>? Limits, DateTimeOffset Created, DateTimeOffset Expires, DateTimeOffset? LastUsed);

/// <summary>A role over a scope that a token is limited to.</summary>
/// <param name="Role">Name of the role.</param>
/// <param name="Scope">The scope, see <see cref="ScopeText"/>.</param>
public sealed record TokenLimit(string Role, string Scope);
