using System.Security.Cryptography;
using System.Text;

namespace Portal.Runtime.Names;

/// <summary>
/// A container's resolv.conf on the disk, with a hash of what we wrote beside it: what a user has changed in a running container is
/// the user's.
/// </summary>
internal static class ResolvConfFile
{
    /// <summary>The file is as it was written, or not there yet.</summary>
    /// <param name="path">The file.</param>
    public static bool IsOurs(string path)
    {
        try
        {
            return File.ReadAllText(HashOf(path)) == Hash(File.ReadAllBytes(path));
        }
        catch (IOException)
        {
            // Without a hash nobody has written it before.
            return true;
        }
    }

    /// <summary>Notes what has been written. Whoever ends between the two leaves a file that looks changed, and so stays as it is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="text">What is in it.</param>
    public static void Note(string path, string text) => File.WriteAllText(HashOf(path), Hash(Encoding.UTF8.GetBytes(text)));

    private static string HashOf(string path) => path + ".hash";

    private static string Hash(byte[] text) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(text));
}
