using System.Buffers.Text;

namespace Portal.Runtime.Cgroups;

/// <summary>The kernel's <c>key value</c> lines: memory.stat, cpu.stat, /proc/meminfo.</summary>
internal ref struct FlatKeyedFile(ReadOnlySpan<byte> text)
{
    private ReadOnlySpan<byte> _rest = text;

    /// <summary>Reads the next line with a number. Lines without one are passed over.</summary>
    public bool TryNext(out ReadOnlySpan<byte> key, out ulong value)
    {
        while (_rest.Length > 0)
        {
            var end = _rest.IndexOf((byte)'\n');
            var line = end < 0 ? _rest : _rest[..end];
            _rest = end < 0 ? default : _rest[(end + 1)..];
            var blank = line.IndexOf((byte)' ');
            if (blank > 0 && Utf8Parser.TryParse(line[blank..].TrimStart((byte)' '), out value, out _))
            {
                key = line[..blank];
                return true;
            }
        }

        key = default;
        value = 0;
        return false;
    }

    /// <summary>The value of a key; 0 when it is not there.</summary>
    public static ulong Find(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key)
    {
        while (text.Length > key.Length)
        {
            if (text[key.Length] == ' ' && text.StartsWith(key))
            {
                return Utf8Parser.TryParse(text[key.Length..].TrimStart((byte)' '), out ulong value, out _) ? value : 0;
            }

            var end = text.IndexOf((byte)'\n');
            if (end < 0)
            {
                break;
            }

            text = text[(end + 1)..];
        }

        return 0;
    }

    /// <summary>A file that is numbers with blanks between them.</summary>
    public static ulong[] Numbers(ReadOnlySpan<byte> text)
    {
        var numbers = new ulong[text.Count((byte)' ') + 1];
        var count = 0;
        while (count < numbers.Length && Utf8Parser.TryParse(text = text.TrimStart((byte)' '), out numbers[count], out var used))
        {
            text = text[used..];
            count++;
        }

        return numbers[..count];
    }

    /// <summary>A file that is one number; <paramref name="max"/> for the word <c>max</c> and for anything else.</summary>
    public static ulong Single(ReadOnlySpan<byte> text, ulong max = 0) => Utf8Parser.TryParse(text, out ulong value, out _) ? value : max;
}
