using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Volumes;

/// <summary>
/// A path from the root of a volume, in bytes as names on the disk are. Where links on it lead is the kernel's to find out
/// (openat2). Pure.
/// </summary>
public sealed class VolumePath
{
    private const int MaximumComponent = 255;

    private readonly byte[] _bytes;
    private readonly int _leaf;

    private VolumePath(byte[] bytes) => (_bytes, _leaf) = (bytes, bytes.AsSpan().LastIndexOf((byte)'/') + 1);

    /// <summary>The volume itself.</summary>
    public static VolumePath Root { get; } = new([]);

    /// <summary>True for the volume itself.</summary>
    public bool IsRoot => _bytes.Length == 0;

    /// <summary>Without slashes at its ends; "." for the root.</summary>
    public ReadOnlySpan<byte> Bytes => IsRoot ? "."u8 : _bytes;

    /// <summary>The folder it is in; "." for the root of the volume.</summary>
    public ReadOnlySpan<byte> Parent => _leaf == 0 ? "."u8 : _bytes.AsSpan(0, _leaf - 1);

    /// <summary>Its last part; empty for the root.</summary>
    public ReadOnlySpan<byte> Leaf => _bytes.AsSpan(_leaf);

    /// <summary>Reads a path.</summary>
    /// <exception cref="ErrorException">400: it leads out of the volume, or nothing can have this name.</exception>
    public static VolumePath Parse(string path) => Parse(Encoding.UTF8.GetBytes(path));

    /// <inheritdoc cref="Parse(string)"/>
    public static VolumePath Parse(ReadOnlySpan<byte> path)
    {
        if (path.Length > PathInRoot.MaximumPath)
        {
            throw Invalid("it is too long");
        }

        if (path.Contains((byte)0))
        {
            throw Invalid("it holds a NUL");
        }

        var clean = new List<byte>(path.Length);
        foreach (var range in path.Split((byte)'/'))
        {
            var part = path[range];
            if (part.IsEmpty || part.SequenceEqual("."u8))
            {
                continue;
            }

            if (part.SequenceEqual(".."u8))
            {
                throw Invalid("\"..\" is no part of a path in a volume");
            }

            if (part.Length > MaximumComponent)
            {
                throw Invalid("a name in it is too long");
            }

            if (clean.Count > 0)
            {
                clean.Add((byte)'/');
            }

            clean.AddRange(part);
        }

        return new([.. clean]);
    }

    /// <summary>For people, from a slash on.</summary>
    public override string ToString() => "/" + string.Concat(Encoding.UTF8.GetString(_bytes).Select(c => char.IsControl(c) ? '?' : c));

    private static ErrorException Invalid(string why) => new(ErrorKind.Invalid, "volume.path", $"The path is refused: {why}.");
}
