using System.Security.Cryptography;

namespace Portal.Api.Adapters.Storage;

/// <summary>A 256-bit key in a file of its own in the data root, made when it is missing.</summary>
internal static class KeyFile
{
    /// <summary>The key.</summary>
    /// <param name="root">The data root.</param>
    /// <param name="name">The file.</param>
    /// <param name="loss">What deleting it means, for the person at the console.</param>
    public static byte[] Read(DataRoot root, string name, string loss)
    {
        var path = root.File(name);
        if (!File.Exists(path))
        {
            DataRoot.Write(path, RandomNumberGenerator.GetBytes(32));
        }

        var key = File.ReadAllBytes(path);
        return key.Length == 32 ? key : throw new StartRefusedException($"The file {path} does not hold a 256-bit key. Restore it, or delete it: {loss}.");
    }
}
