using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Builds.Copying;

/// <summary>Tells archives from other files by what is in them: ADD unpacks them.</summary>
internal static class Archives
{
    /// <summary>How an archive is packed; null for what is none. A packed file that holds no archive is none.</summary>
    public static Packing? Recognise(SafeFileHandle node)
    {
        if (Libc.Reopen(node, Libc.OpenReadOnly, out var handle) != 0)
        {
            return null;
        }

        using var file = new FileStream(handle!, FileAccess.Read);
        var (packing, whole) = Compression.Look(file);
        try
        {
            using var tar = Compression.Unpack(packing, whole);
            return new TarReader(tar).Next() is null ? null : packing;
        }
        catch (Exception e) when (e is InvalidDataException or ErrorException or EndOfStreamException)
        {
            return null;
        }
    }
}
