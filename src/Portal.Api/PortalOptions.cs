using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;
using Portal.Domain.Access.Teams;

namespace Portal.Api;

/// <summary>What the administrator can set, each by the environment variable named at the property.</summary>
public sealed class PortalOptions
{
    /// <summary><c>PORTAL_DATA_ROOT</c>: where the database, keys and certificate live. Absolute. Default <c>/var/lib/portal</c>.</summary>
    [Required(ErrorMessage = "PORTAL_DATA_ROOT must name a folder.")]
    [RegularExpression("^/.*", ErrorMessage = "PORTAL_DATA_ROOT must be an absolute path.")]
    public string DataRoot { get; set; } = "/var/lib/portal";

    /// <summary>
    /// <c>PORTAL_DATABASE</c>: connection string of a PostgreSQL database, for instance <c>Host=db.example.com;Database=portal;Username=portal;Password=…</c>;
    /// or <c>PORTAL_DATABASE_FILE</c>: a file that holds it. Default: none, a SQLite file in the data root.
    /// </summary>
    [ServerDatabase(ErrorMessage = "PORTAL_DATABASE, or the file that PORTAL_DATABASE_FILE names, must hold a connection string with Host, Database and Username, for instance Host=db.example.com;Database=portal;Username=portal;Password=…; only one of the two may be set.")]
    public string? Database { get; set; }

    /// <summary><c>PORTAL_PUBLIC_ADDRESS</c>: where people's browsers find the portal. Passkeys belong to its name. Default: whatever address a browser used.</summary>
    [PublicAddress(ErrorMessage = "PORTAL_PUBLIC_ADDRESS must be an https address with a name and no path, for instance https://portal.example.com:8443.")]
    public Uri? PublicAddress { get; set; }

    /// <summary><c>PORTAL_HTTPS_PORT</c>: 1 to 65535. Default 8443.</summary>
    [Between(1, 65535, ErrorMessage = "PORTAL_HTTPS_PORT must be a number from 1 to 65535.")]
    public int HttpsPort { get; set; } = 8443;

    /// <summary><c>PORTAL_LISTEN</c>: the address to listen on. Default: every address of the machine.</summary>
    [Required(ErrorMessage = "PORTAL_LISTEN must be an IP address of this machine, for instance 127.0.0.1.")]
    public IPAddress? Listen { get; set; } = IPAddress.IPv6Any;

    /// <summary><c>PORTAL_AGENT_SOCKET</c>: the unix socket of this machine's own engine. Default <c>/run/portal/engine.sock</c>.</summary>
    [Required(ErrorMessage = "PORTAL_AGENT_SOCKET must name a unix socket.")]
    [RegularExpression("^/.*", ErrorMessage = "PORTAL_AGENT_SOCKET must be an absolute path.")]
    [MaxLength(107, ErrorMessage = "PORTAL_AGENT_SOCKET is too long: a unix socket's path has at most 107 bytes.")]
    public string AgentSocket { get; set; } = "/run/portal/engine.sock";

    /// <summary><c>PORTAL_ACCESS_TOKEN_MINUTES</c>: life of a REST access token, 1 to 10. Default 10.</summary>
    [Between(1, 10, ErrorMessage = "PORTAL_ACCESS_TOKEN_MINUTES must be a number from 1 to 10.")]
    public int AccessTokenMinutes { get; set; } = 10;

    /// <summary><c>PORTAL_AUDIT_DAYS</c>: how long lines of the audit log are kept, 1 to 36500 days. Default 0: for ever.</summary>
    [Between(0, 36500, ErrorMessage = "PORTAL_AUDIT_DAYS must be a number of days from 0 (for ever) to 36500.")]
    public int AuditDays { get; set; }

    /// <summary><c>PORTAL_OIDC_AUTHORITY</c>: address of an OpenID Connect provider to sign in by. Default: none.</summary>
    [Authority(ErrorMessage = "PORTAL_OIDC_AUTHORITY must be an https address, for instance https://login.example.com/realms/main.")]
    public Uri? OidcAuthority { get; set; }

    /// <summary><c>PORTAL_OIDC_CLIENT_ID</c>: what the provider knows the portal as. Default <c>portal</c>.</summary>
    [Required(ErrorMessage = "PORTAL_OIDC_CLIENT_ID must not be empty.")]
    public string OidcClientId { get; set; } = "portal";

    /// <summary><c>PORTAL_OIDC_CLIENT_SECRET</c>: the portal's secret at the provider.</summary>
    public string? OidcClientSecret { get; set; }

    /// <summary><c>PORTAL_OIDC_NAME</c>: what the sign-in page calls the provider.</summary>
    [Required(ErrorMessage = "PORTAL_OIDC_NAME must not be empty.")]
    public string OidcName { get; set; } = "your organisation";

    /// <summary><c>PORTAL_OIDC_TEAM_CLAIM</c>: the claim that says which teams somebody is in. Default <c>groups</c>.</summary>
    [Required(ErrorMessage = "PORTAL_OIDC_TEAM_CLAIM must not be empty.")]
    public string OidcTeamClaim { get; set; } = "groups";

    /// <summary><c>PORTAL_OIDC_TEAMS</c>: which of its values stand for which teams, as <c>value=team;other=team</c>.</summary>
    [Required(ErrorMessage = "PORTAL_OIDC_TEAMS must have the form value=team;other=team.")]
    public ClaimTeams OidcTeamMap { get; set; } = ClaimTeams.None;
}

/// <summary>Reads the options. What cannot be read becomes a value that the validator refuses, so that all mistakes are told at once.</summary>
internal sealed class PortalOptionsSetup(IConfiguration configuration) : IConfigureOptions<PortalOptions>
{
    public void Configure(PortalOptions options)
    {
        options.DataRoot = configuration["PORTAL_DATA_ROOT"] ?? options.DataRoot;
        options.Database = Secret("PORTAL_DATABASE");
        options.HttpsPort = Number("PORTAL_HTTPS_PORT", options.HttpsPort);
        options.AgentSocket = configuration["PORTAL_AGENT_SOCKET"] ?? options.AgentSocket;
        options.AccessTokenMinutes = Number("PORTAL_ACCESS_TOKEN_MINUTES", options.AccessTokenMinutes);
        options.AuditDays = Number("PORTAL_AUDIT_DAYS", options.AuditDays);
        options.OidcClientId = configuration["PORTAL_OIDC_CLIENT_ID"] ?? options.OidcClientId;
        options.OidcClientSecret = configuration["PORTAL_OIDC_CLIENT_SECRET"];
        options.OidcName = configuration["PORTAL_OIDC_NAME"] ?? options.OidcName;
        options.OidcTeamClaim = configuration["PORTAL_OIDC_TEAM_CLAIM"] ?? options.OidcTeamClaim;
        options.OidcTeamMap = ClaimTeams.TryParse(configuration["PORTAL_OIDC_TEAMS"], out var teams) ? teams : null!;
        if (configuration["PORTAL_OIDC_AUTHORITY"] is { Length: > 0 } authority)
        {
            options.OidcAuthority = Uri.TryCreate(authority, UriKind.Absolute, out var address) ? address : new Uri("about:blank");
        }

        if (configuration["PORTAL_PUBLIC_ADDRESS"] is { Length: > 0 } publicAddress)
        {
            options.PublicAddress = Uri.TryCreate(publicAddress, UriKind.Absolute, out var address) ? address : new Uri("about:blank");
        }

        if (configuration["PORTAL_LISTEN"] is { Length: > 0 } listen)
        {
            options.Listen = IPAddress.TryParse(listen, out var address) ? address : null;
        }
    }

    /// <summary>A secret from the environment, where every child process sees it, or from a file; empty, which no validator accepts, when that cannot be read.</summary>
    private string? Secret(string name)
    {
        var (value, path) = (configuration[name], configuration[name + "_FILE"]);
        if (string.IsNullOrEmpty(path))
        {
            return string.IsNullOrEmpty(value) ? null : value;
        }

        try
        {
            return string.IsNullOrEmpty(value) ? File.ReadAllText(path).Trim() : "";
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private int Number(string name, int otherwise) => configuration[name] is { Length: > 0 } text
        ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1
        : otherwise;
}

/// <summary>A number from <paramref name="least"/> to <paramref name="most"/>. The framework's own range, generated, loses its message.</summary>
internal sealed class BetweenAttribute(int least, int most) : ValidationAttribute
{
    public override bool IsValid(object? value) => value is int number && number >= least && number <= most;
}

/// <summary>An https address; without encryption only on this machine.</summary>
internal sealed class AuthorityAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is null || (value is Uri address && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)));
}

/// <summary>What <see cref="Adapters.Storage.PortalDbServer"/> can connect with.</summary>
internal sealed class ServerDatabaseAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is null || (value is string text && Adapters.Storage.PortalDbServer.CanRead(text));
}

/// <summary>An https address that is a browser's origin; passkeys need a name, and take no numbers.</summary>
internal sealed class PublicAddressAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is null
        || (value is Uri { IsAbsoluteUri: true, HostNameType: UriHostNameType.Dns } address && address.Scheme == Uri.UriSchemeHttps && address.PathAndQuery == "/" && address.UserInfo.Length == 0 && address.Fragment.Length == 0);
}

[OptionsValidator]
internal sealed partial class PortalOptionsValidator : IValidateOptions<PortalOptions>;
