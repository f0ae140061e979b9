using System.Text;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Tar;

/// <summary>What can be wrong with an archive, in one place.</summary>
internal static class ArchiveErrors
{
    public static ErrorException Bad(string problem, Exception? inner = null) =>
        new(ErrorKind.Invalid, "image.bad-archive", $"The archive cannot be read: {problem}.", inner);

    public static ErrorException Damaged(Exception inner) => Bad("its compressed data is damaged", inner);

    public static ErrorException BreakOut(ReadOnlySpan<byte> name) =>
        new(ErrorKind.Invalid, "image.break-out", $"The archive is refused: the entry {Show(name)} would break out of the root.");

    public static ErrorException TooBig(string problem) => new(ErrorKind.Invalid, "image.too-big", $"The archive is refused: {problem}.");

    public static ErrorException NoSpace(long ceilingBytes) => new(ErrorKind.Internal, "image.no-space",
        $"no space left on device: more than the {ceilingBytes} bytes that may be used (free space less a tenth) are needed. Free disk space and try again.");

    /// <summary>A name for a message: quoted, shortened, without control characters.</summary>
    public static string Show(ReadOnlySpan<byte> name)
    {
        var text = Encoding.UTF8.GetString(name.Length > 200 ? name[..200] : name);
        return '"' + string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) + (name.Length > 200 ? "…" : "") + '"';
    }
}
