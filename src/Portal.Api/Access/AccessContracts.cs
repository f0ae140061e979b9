using System.ComponentModel.DataAnnotations;

namespace Portal.Api.Access;

/// <summary>A name and password.</summary>
/// <param name="UserName">The account's name.</param>
/// <param name="Password">Its password.</param>
public sealed record TokenRequest([property: Required, MaxLength(64)] string UserName, [property: Required, MaxLength(1024)] string Password)
{
    /// <summary>Without the password: a record's own text form would show it.</summary>
    public override string ToString() => $"TokenRequest {{ UserName = {UserName} }}";
}

/// <summary>The first administrator.</summary>
/// <param name="Secret">The one-time setup secret, from the file <c>setup-secret</c> in the data root.</param>
/// <param name="UserName">The account's name: 1 to 64 of a-z, digits and <c>. _ - @ +</c>.</param>
/// <param name="Password">Its password, 8 to 1,024 characters.</param>
public sealed record SetupRequest([property: Required] string Secret, [property: Required] string UserName, [property: Required] string Password)
{
    /// <summary>Without the secrets: a record's own text form would show them.</summary>
    public override string ToString() => $"SetupRequest {{ UserName = {UserName} }}";
}

/// <summary>An access token.</summary>
/// <param name="AccessToken">To be sent as <c>Authorization: Bearer …</c>.</param>
/// <param name="TokenType">Always <c>Bearer</c>.</param>
/// <param name="ExpiresIn">Seconds.</param>
public sealed record TokenAnswer(string AccessToken, string TokenType, int ExpiresIn);

/// <summary>Who you are.</summary>
/// <param name="UserName">Your name.</param>
/// <param name="Grants">What you hold.</param>
public sealed record Me(string UserName, IReadOnlyList<MyGrant> Grants);

/// <summary>A role you hold.</summary>
/// <param name="Role">Its name.</param>
/// <param name="Host">The host it covers; null for all.</param>
/// <param name="Permissions">What it allows.</param>
public sealed record MyGrant(string Role, string? Host, IReadOnlyList<string> Permissions);
