using System.ComponentModel.DataAnnotations;

namespace Portal.Api.Access;

/// <summary>A name and password.</summary>
/// <param name="UserName" example="ann">The account's name.</param>
/// <param name="Password" example="correct horse battery">Its password.</param>
/// <param name="Code">The code of the authenticator, or a recovery code, where the account has a second factor.</param>
public sealed record TokenRequest([property: Required, MaxLength(64)] string UserName, [property: Required, MaxLength(1024)] string Password, [property: MaxLength(64)] string? Code = null)
{
    /// <summary>Without the password: a record's own text form would show it.</summary>
    public override string ToString() => $"TokenRequest {{ UserName = {UserName} }}";
}

/// <summary>The first administrator.</summary>
/// <param name="Secret" example="Zk3v9Qx1mB7c">The one-time setup secret, from the file <c>setup-secret</c> in the data root.</param>
/// <param name="UserName" example="ann">The account's name: 1 to 64 of a-z, digits and <c>. _ - @ +</c>.</param>
/// <param name="Password" example="correct horse battery">Its password, 8 to 1,024 characters.</param>
public sealed record SetupRequest([property: Required] string Secret, [property: Required] string UserName, [property: Required] string Password)
{
    /// <summary>Without the secrets: a record's own text form would show them.</summary>
    public override string ToString() => $"SetupRequest {{ UserName = {UserName} }}";
}

/// <summary>An access token.</summary>
/// <param name="AccessToken">To be sent as <c>Authorization: Bearer …</c>.</param>
/// <param name="TokenType">Always <c>Bearer</c>.</param>
/// <param name="ExpiresIn">Seconds.</param>
/// <param name="RefreshToken">Good once, for the next access token.</param>
/// <param name="RefreshExpiresIn">Seconds until the refresh token ends, when it is not used.</param>
public sealed record TokenAnswer(string AccessToken, string TokenType, int ExpiresIn, string RefreshToken, int RefreshExpiresIn)
{
    /// <summary>Without the tokens: a record's own text form would show them.</summary>
    public override string ToString() => "TokenAnswer";
}

/// <summary>A refresh token.</summary>
/// <param name="RefreshToken" example="prr_Zk3v9Qx1mB7c">The newest of its sign-in.</param>
public sealed record RefreshRequest([property: Required, MaxLength(128)] string RefreshToken)
{
    /// <summary>Without the token.</summary>
    public override string ToString() => "RefreshRequest";
}

/// <summary>A ticket for one live connection.</summary>
/// <param name="Ticket">For the address.</param>
/// <param name="ExpiresIn">Seconds.</param>
public sealed record TicketAnswer(string Ticket, int ExpiresIn)
{
    /// <summary>Without the ticket.</summary>
    public override string ToString() => "TicketAnswer";
}

/// <summary>Who you are.</summary>
/// <param name="UserName">Your name.</param>
/// <param name="Id">Your id; empty for a team's token.</param>
/// <param name="Teams">Ids of your teams.</param>
/// <param name="Grants">What you hold.</param>
public sealed record Me(string UserName, string Id, IReadOnlyList<string> Teams, IReadOnlyList<MyGrant> Grants);

/// <summary>A role you hold.</summary>
/// <param name="Role">Its name.</param>
/// <param name="Scope">What it covers, for instance <c>all</c> or <c>host:local</c>.</param>
/// <param name="Permissions">What it allows.</param>
public sealed record MyGrant(string Role, string Scope, IReadOnlyList<string> Permissions);
