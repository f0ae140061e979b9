using Portal.Api.Http;
using System.ComponentModel.DataAnnotations;
using Portal.Domain.Registries;

namespace Portal.Api.Registries;

/// <summary>A registry that the portal knows. Its password or token is never answered.</summary>
/// <param name="Id">Stable.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Address">What names of its images begin with; <c>docker.io</c> for Docker Hub.</param>
/// <param name="UserName">Whom the portal signs in as.</param>
/// <param name="HasSecret">True when there is a password or token.</param>
/// <param name="Notes">What people should know of it, for instance where its certificates come from.</param>
/// <param name="Teams">Ids of the teams that may use it.</param>
/// <param name="ForEverybody">True when everybody may use it.</param>
public sealed record RegistryItem(string Id, string Name, string Address, string? UserName, bool HasSecret, string Notes, IReadOnlyList<string> Teams, bool ForEverybody)
{
    internal static RegistryItem From(Registry registry) =>
        new(registry.Id, registry.Name, registry.Address, registry.UserName, registry.HasSecret, registry.Notes, [.. registry.Teams], registry.IsForEverybody);
}

/// <summary>A registry as it is to be.</summary>
/// <param name="Name" example="Ours">What people call it: 1 to 64 characters.</param>
/// <param name="Address" example="registry.example.com:5000">What names of its images begin with: a host name or address, with a port if need be. No scheme, no path.</param>
/// <param name="UserName">Whom the portal signs in as; left out with password and token for nobody, and what is kept is forgotten.</param>
/// <param name="Password">The password, or an access token in its place. Left out in a change, the one that is kept stays, as long as the same user name is given and the address stays.</param>
/// <param name="Token">An identity token instead of a password.</param>
/// <param name="Notes">What people should know of it. No place for secrets.</param>
/// <param name="Teams">Ids of the teams that may use it.</param>
/// <param name="ForEverybody">Everybody may use it.</param>
public sealed record RegistryRequest(
    [property: Required, MaxLength(64)] string Name, [property: Required, MaxLength(255)] string Address, [property: MaxLength(255)] string? UserName = null,
    [property: MaxLength(4096)] string? Password = null, [property: MaxLength(4096)] string? Token = null, [property: MaxLength(2000)] string? Notes = null,
    [property: MaxLength(256), NoNulls] IReadOnlyList<string>? Teams = null, bool ForEverybody = false)
{
    /// <summary>Without the secrets: a record's own text form would show them.</summary>
    public override string ToString() => $"RegistryRequest {{ Name = {Name}, Address = {Address} }}";
}

/// <summary>What a registry says to the credentials.</summary>
/// <param name="Succeeded">True when it took them.</param>
/// <param name="Message">What the host's engine says.</param>
public sealed record RegistryCheck(bool Succeeded, string Message);
