namespace Portal.Web.Components.Pages.Containers;

/// <summary>One line of a container's environment.</summary>
internal readonly record struct EnvironmentVariable(string Name, string Value)
{
    private static readonly string[] s_telling =
        ["PASSWORD", "PASSWD", "PASSPHRASE", "_PASS", "SECRET", "TOKEN", "CREDENTIAL", "APIKEY", "API_KEY", "ACCESS_KEY", "PRIVATE", "_KEY", "_PWD", "_AUTH", "_DSN", "COOKIE", "SALT"];

    /// <summary>Hidden until the reader asks: somebody may be looking over the shoulder.</summary>
    public bool LooksSecret
    {
        get
        {
            var name = Name.ToUpperInvariant();
            return name is "PASS" or "KEY" or "DSN" || s_telling.Any(word => name.Contains(word, StringComparison.Ordinal)) || HasUserInfo(Value);
        }
    }

    /// <summary>Splits <c>NAME=value</c> at the first sign of equality.</summary>
    public static EnvironmentVariable Parse(string line) =>
        line.IndexOf('=') is >= 0 and var at ? new(line[..at], line[(at + 1)..]) : new(line, "");

    // scheme://user:password@host
    private static bool HasUserInfo(string value) =>
        value.Contains("://", StringComparison.Ordinal) && Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.UserInfo.Contains(':');
}
