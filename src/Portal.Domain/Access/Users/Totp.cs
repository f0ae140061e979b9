using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Portal.Domain.Access.Users;

/// <summary>One-time passwords by time (RFC 6238) as authenticators make them: HMAC-SHA1, six digits, 30 seconds. Pure.</summary>
public static class Totp
{
    private const int Digits = 6, Modulus = 1_000_000;
    private const long StepSeconds = 30;
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>The step that a moment lies in.</summary>
    public static long StepAt(DateTimeOffset at) => at.ToUnixTimeSeconds() / StepSeconds;

    /// <summary>The code of a step.</summary>
    public static string Code(ReadOnlySpan<byte> key, long step)
    {
        Span<byte> counter = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> mac = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // Authenticators know no other hash, and its weakness is of no use against an HMAC.
        HMACSHA1.HashData(key, counter, mac);
#pragma warning restore CA5350
        var number = (BinaryPrimitives.ReadInt32BigEndian(mac[(mac[^1] & 0xf)..]) & int.MaxValue) % Modulus;
        return number.ToString(CultureInfo.InvariantCulture).PadLeft(Digits, '0');
    }

    /// <summary>
    /// The step whose code this is, one step of clock error either way; null for none. A step up to <paramref name="used"/> does not count again:
    /// a code that was looked over somebody's shoulder is spent.
    /// </summary>
    public static long? Match(ReadOnlySpan<byte> key, string code, DateTimeOffset now, long used)
    {
        var given = Encoding.UTF8.GetBytes(code.Replace(" ", "", StringComparison.Ordinal));
        long? found = null;
        for (var step = StepAt(now) - 1; step <= StepAt(now) + 1; step++)
        {
            // All three, always: the time says nothing.
            if (CryptographicOperations.FixedTimeEquals(given, Encoding.ASCII.GetBytes(Code(key, step))) && step > used)
            {
                found = step;
            }
        }

        return found;
    }

    /// <summary>The key as people type it: base32 (RFC 4648) without padding.</summary>
    public static string Base32(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        var (bits, count) = (0, 0);
        foreach (var value in bytes)
        {
            (bits, count) = ((bits << 8) | value, count + 8);
            while (count >= 5)
            {
                text.Append(Alphabet[(bits >> (count -= 5)) & 31]);
            }

            bits &= (1 << count) - 1;
        }

        return (count > 0 ? text.Append(Alphabet[(bits << (5 - count)) & 31]) : text).ToString();
    }

    /// <summary>What an authenticator reads from a QR code.</summary>
    public static string Address(string userName, ReadOnlySpan<byte> key) =>
        $"otpauth://totp/Portal:{Uri.EscapeDataString(userName)}?secret={Base32(key)}&issuer=Portal&algorithm=SHA1&digits={Digits}&period={StepSeconds}";
}
