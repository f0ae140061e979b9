namespace Portal.Api.Security;

/// <summary>Names of the ways to be signed in.</summary>
public static class PortalSchemes
{
    /// <summary>A browser's session.</summary>
    public const string Cookie = "portal-cookie";

    /// <summary>A program's access token in the Authorization header.</summary>
    public const string Bearer = "portal-bearer";

    /// <summary>A program's API token in the Authorization header.</summary>
    public const string ApiToken = "portal-token";

    /// <summary>A single-use ticket in a live connection's address.</summary>
    public const string Ticket = "portal-ticket";

    /// <summary>The way to and from an identity provider; ends in a browser's session.</summary>
    public const string External = "portal-external";

    /// <summary>The default: bearer when the request has an Authorization header, cookie otherwise.</summary>
    public const string Any = "portal";
}

/// <summary>Claims of a signed-in principal.</summary>
internal static class PortalClaims
{
    /// <summary>The user's id.</summary>
    public const string Subject = "sub";

    /// <summary>The user's name.</summary>
    public const string Name = "name";

    /// <summary>Which of the user's browser sessions this is; programs have none.</summary>
    public const string Session = "sid";

    /// <summary>Which sign-in of a program this is; browsers have none.</summary>
    public const string Family = "fam";

    /// <summary>The API token that speaks; people have none.</summary>
    public const string Token = "tok";

    /// <summary>The person signed in by an identity provider, whose matter a second factor is then.</summary>
    public const string External = "ext";

    /// <summary>The passkey the person signed in by, which is a second factor in itself; the sign-in ends with it.</summary>
    public const string Passkey = "pky";

    /// <summary>When the browser session began, in Unix seconds.</summary>
    public const string Began = "auth_time";

    /// <summary>Digest of the account's security stamp; a password change makes every older session and token void.</summary>
    public const string Stamp = "stamp";
}

/// <summary>Times of a browser's session.</summary>
internal static class CookieSession
{
    /// <summary>Ends after this long without a request and without an open page.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromMinutes(30);

    /// <summary>Ends after this long in any case.</summary>
    public static readonly TimeSpan Absolute = TimeSpan.FromHours(12);
}
