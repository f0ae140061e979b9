using System.Buffers.Text;

namespace Portal.Runtime.Cgroups;

/// <summary>Device numbers as the kernel prints them.</summary>
internal static class BlockDevice
{
    /// <summary>Reads <c>254:0</c>.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out uint major, out uint minor)
    {
        minor = 0;
        return Utf8Parser.TryParse(text, out major, out var used) && used < text.Length && text[used] == ':'
            && Utf8Parser.TryParse(text[(used + 1)..], out minor, out _);
    }
}
