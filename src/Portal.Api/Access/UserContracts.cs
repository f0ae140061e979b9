using System.ComponentModel.DataAnnotations;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access.Model;

namespace Portal.Api.Access;

/// <summary>An account.</summary>
/// <param name="Id">Stable.</param>
/// <param name="Name">What its holder signs in with.</param>
/// <param name="Disabled">True when it may not sign in.</param>
/// <param name="SecondFactor">True when it has a second factor.</param>
/// <param name="Created">When it was made.</param>
public sealed record UserItem(string Id, string Name, bool Disabled, bool SecondFactor, DateTimeOffset Created)
{
    internal static UserItem From(User user) => new(user.Id, user.Name, user.IsDisabled, user.HasSecondFactor, user.Created);

    internal static UserItem From(PortalUser user) => new(user.Id, user.UserName ?? "", user.IsDisabled, user.TwoFactorEnabled, DateTimeOffset.FromUnixTimeSeconds(user.CreatedUnix));
}

/// <summary>A new account.</summary>
/// <param name="Name" example="bob">1 to 64 of a-z, digits and <c>. _ - @ +</c>.</param>
/// <param name="Password" example="correct horse battery">8 to 1,024 characters.</param>
public sealed record NewUser([property: Required, MaxLength(64)] string Name, [property: Required, MaxLength(1024)] string Password)
{
    /// <summary>Without the password: a record's own text form would show it.</summary>
    public override string ToString() => $"NewUser {{ Name = {Name} }}";
}

/// <summary>What of an account can be changed.</summary>
/// <param name="Name" example="ann">What its holder signs in with.</param>
/// <param name="Disabled" example="false">True when it may not sign in; its sessions end at once.</param>
public sealed record UserChange([property: Required, MaxLength(64)] string Name, [property: Required] bool Disabled);

/// <summary>Another password for an account.</summary>
/// <param name="Password" example="correct horse battery">8 to 1,024 characters.</param>
/// <param name="RemoveSecondFactor">True to take its second factor away too, for somebody who has lost it.</param>
public sealed record PasswordReset([property: Required, MaxLength(1024)] string Password, bool RemoveSecondFactor = false)
{
    /// <summary>Without the password.</summary>
    public override string ToString() => $"PasswordReset {{ RemoveSecondFactor = {RemoveSecondFactor} }}";
}

/// <summary>A sign-in that lasts: a browser's session or a program's refresh tokens.</summary>
/// <param name="Id">Stable.</param>
/// <param name="Kind"><c>browser</c> or <c>program</c>.</param>
/// <param name="Started">When it began.</param>
/// <param name="Expires">When it ends, if it is not used.</param>
/// <param name="Source">The address it was opened from.</param>
/// <param name="Client">What the browser or program called itself.</param>
/// <param name="Current">True for the one that asks.</param>
public sealed record SessionItem(string Id, string Kind, DateTimeOffset Started, DateTimeOffset Expires, string Source, string Client, bool Current);
