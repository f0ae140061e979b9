using System.Collections.Frozen;
using Portal.Domain.Primitives;

namespace Portal.Api.Security;

/// <summary>What a name and a password may be: length decides, not composition (OWASP ASVS 6.2).</summary>
internal static class PasswordRules
{
    public const int ShortestPassword = 8;
    public const int LongestPassword = 1024;
    public const int LongestName = 64;

    /// <summary>The most used passwords of eight and more characters in published leaks, and what people type for this product.</summary>
    private static readonly FrozenSet<string> s_common = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "password", "password1", "password12", "password123", "password1234", "password!", "passw0rd", "p@ssw0rd", "p@ssword", "passwort", "passwort1", "motdepasse", "contraseña",
        "12345678", "123456789", "1234567890", "12345678910", "0123456789", "0987654321", "987654321", "87654321", "11111111", "00000000", "22222222", "55555555", "66666666", "77777777",
        "88888888", "99999999", "12341234", "11223344", "12344321", "123123123", "123321123", "121212121", "12121212", "10203040", "147258369", "789456123", "741852963", "159753456", "1q2w3e4r",
        "1q2w3e4r5t", "1qaz2wsx", "1qazxsw2", "qwer1234", "qwerty12", "qwerty123", "qwerty1234", "qwerty12345", "qwertyui", "qwertyuiop", "qwertz123", "azertyuiop", "asdfghjk", "asdfghjkl", "asdf1234",
        "zxcvbnm1", "zxcvbnm123", "q1w2e3r4", "q1w2e3r4t5", "zaq12wsx", "abcdefgh", "abcd1234", "abc12345", "a1b2c3d4", "aaaaaaaa", "iloveyou", "iloveyou1", "princess", "sunshine", "football", "football1",
        "baseball", "baseball1", "basketball", "superman", "batman123", "starwars", "trustno1", "whatever", "computer", "internet", "michelle", "jennifer", "charlie1", "jordan23", "liverpool", "chelsea1",
        "letmein1", "letmein123", "welcome1", "welcome123", "changeme", "changeme1", "changeme123", "administrator", "admin123", "admin1234", "admin12345", "adminadmin", "root1234", "rootroot", "toor1234", "secret123",
        "master123", "test1234", "testtest", "test12345", "temp1234", "default1", "guest123", "monkey123", "dragon123", "shadow123", "portal123", "portal1234", "portaladmin", "docker123", "docker1234", "portainer", "container");

    /// <summary>Why the name cannot be used, or null.</summary>
    public static Error? CheckName(string? name) => name is { Length: > 0 and <= LongestName } && name.All(IsNameCharacter)
        ? null
        : new(ErrorKind.Invalid, "user.name", $"A user name has 1 to {LongestName} characters: letters a-z, digits and . _ - @ +.");

    /// <summary>Why the password cannot be used, or null.</summary>
    public static Error? CheckPassword(string? password, string userName)
    {
        var reason = password switch
        {
            null or { Length: < ShortestPassword } => $"A password has at least {ShortestPassword} characters; 15 or more are advised.",
            { Length: > LongestPassword } => $"A password has at most {LongestPassword} characters.",
            _ when s_common.Contains(password) || password.Distinct().Count() == 1 => "This password is among the first that anybody would guess. Choose another.",
            _ when password.Equals(userName, StringComparison.OrdinalIgnoreCase) => "The password must not be the user name.",
            _ => null,
        };
        return reason is null ? null : new(ErrorKind.Invalid, "user.password", reason);
    }

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '@' or '+';
}
