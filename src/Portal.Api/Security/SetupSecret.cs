using System.Security.Cryptography;
using System.Text;
using Portal.Api.Adapters.Storage;

namespace Portal.Api.Security;

/// <summary>The one-time secret in <c>setup-secret</c> that proves access to the machine. 128 bits, in groups of base32.</summary>
internal sealed class SetupSecret(DataRoot root)
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const int Digits = 26;

    /// <summary>Where it is.</summary>
    public string Path => root.File("setup-secret");

    /// <summary>Makes the file unless a usable one is there.</summary>
    public void Ensure()
    {
        if (Read() is null)
        {
            DataRoot.Write(Path, Encoding.ASCII.GetBytes(New() + "\n"));
        }
    }

    /// <summary>True when <paramref name="given"/> is the secret; case, blanks and hyphens do not matter. Takes the same time wherever they differ.</summary>
    public bool Matches(string? given) => Read() is { } secret && given is { Length: <= 256 } && CryptographicOperations.FixedTimeEquals(
        SHA256.HashData(Encoding.UTF8.GetBytes(Bare(secret))), SHA256.HashData(Encoding.UTF8.GetBytes(Bare(given))));

    /// <summary>Deletes it: it has done its work.</summary>
    public void Delete() => File.Delete(Path);

    private static string New()
    {
        var digits = RandomNumberGenerator.GetItems<char>(Alphabet, Digits);
        return string.Join('-', digits.Chunk(5).Select(group => new string(group)));
    }

    private static string Bare(string text) => string.Concat(text.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();

    private string? Read()
    {
        try
        {
            var text = File.ReadAllText(Path).Trim();
            return Bare(text).Length == Digits ? text : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
