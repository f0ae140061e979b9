using System.Globalization;

namespace Portal.Runtime.Linux;

/// <summary>
/// Files that cannot be read are kept as they are, beside their place and under a name that says when: whoever wants to know
/// or to repair has every byte, and nothing takes them for what they were.
/// </summary>
internal static class SetAside
{
    private const string Mark = ".unreadable-";

    /// <summary>Puts a file out of the way.</summary>
    /// <returns>Where it is now.</returns>
    public static string Move(string path, TimeProvider time)
    {
        var aside = path + Mark + time.GetUtcNow().ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);

        // A second one within the second must not take the place of the first.
        for (var number = 2; File.Exists(aside); number++)
        {
            aside = $"{path}{Mark}{time.GetUtcNow():yyyyMMddHHmmss}.{number}";
        }

        File.Move(path, aside);
        Libc.SyncDirectory(Path.GetDirectoryName(path)!);
        return aside;
    }

    /// <summary>True when a file of this place was set aside.</summary>
    public static bool Exists(string path) =>
        Directory.Exists(Path.GetDirectoryName(path)) && Directory.EnumerateFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + Mark + "*").Any();

    /// <summary>Everything that was set aside in a folder.</summary>
    public static IEnumerable<string> In(string folder) => Directory.EnumerateFiles(folder, "*" + Mark + "*", SearchOption.TopDirectoryOnly);
}
