using System.Globalization;
using System.Text;

namespace Portal.Runtime.Names;

/// <summary>Names as they stand in messages (RFC 1035, 3.1 and 4.1.4). Pure, and bounded whatever is in there.</summary>
internal static class DnsName
{
    /// <summary>Bytes of a name with its lengths and its end.</summary>
    public const int MaximumLength = 255;

    private const int MaximumLabel = 63;
    private const byte PointerBits = 0xC0;

    /// <summary>Moves past a name without following it.</summary>
    public static bool TrySkip(ReadOnlySpan<byte> message, ref int offset)
    {
        var length = 0;
        while (offset < message.Length)
        {
            var size = message[offset];
            if ((size & PointerBits) == PointerBits)
            {
                offset += 2;
                return offset <= message.Length;
            }

            length += 1 + size;
            if (size > MaximumLabel || length > MaximumLength)
            {
                return false;
            }

            offset += 1 + size;
            if (size == 0)
            {
                return offset <= message.Length;
            }
        }

        return false;
    }

    /// <summary>
    /// Reads a name that is not abbreviated, as that of a question, which has nothing before it to point to. In lower case and
    /// without a dot at its end; a byte that is no letter of a host name as <c>\ddd</c>, so that it is not taken for one.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> message, ref int offset, out string name)
    {
        name = "";
        var start = offset;
        if (!TrySkip(message, ref offset))
        {
            return false;
        }

        var text = new StringBuilder(offset - start);
        for (var at = start; message[at] != 0; at += 1 + message[at])
        {
            if (message[at] > MaximumLabel)
            {
                return false;
            }

            if (text.Length > 0)
            {
                text.Append('.');
            }

            foreach (var value in message.Slice(at + 1, message[at]))
            {
                _ = value is > 0x20 and < 0x7f and not (byte)'.' and not (byte)'\\'
                    ? text.Append(char.ToLowerInvariant((char)value))
                    : text.Append(CultureInfo.InvariantCulture, $"\\{value:d3}");
            }
        }

        name = text.ToString();
        return true;
    }

    /// <summary>The bytes of a name of letters; null when it cannot be one.</summary>
    public static byte[]? Encode(string name)
    {
        var text = name.TrimEnd('.');
        // One length before every label, and the end.
        var bytes = new byte[text.Length + 2];
        if (bytes.Length > MaximumLength || !Ascii.IsValid(text))
        {
            return null;
        }

        var at = 0;
        foreach (var label in text.Split('.'))
        {
            if (label.Length is 0 or > MaximumLabel)
            {
                return null;
            }

            bytes[at++] = (byte)label.Length;
            at += Encoding.ASCII.GetBytes(label, bytes.AsSpan(at));
        }

        return bytes;
    }
}
