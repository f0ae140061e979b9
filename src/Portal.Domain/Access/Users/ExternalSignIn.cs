namespace Portal.Domain.Access.Users;

/// <summary>A sign-in by an identity provider, as the sign-in page offers it.</summary>
/// <param name="Name">What the provider is called; null when there is none.</param>
public sealed record ExternalSignIn(string? Name)
{
    /// <summary>Where it begins; takes <c>returnUrl</c>.</summary>
    public const string Path = "/signin/external";
}
