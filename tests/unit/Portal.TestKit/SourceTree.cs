using System.Runtime.CompilerServices;

namespace Portal.TestKit;

/// <summary>The checkout these tests were built from.</summary>
public static class SourceTree
{
    public static string Root { get; } = FindRoot();

    /// <summary>Hand-written C# and Razor files below a folder of the checkout, as (path relative to the root, text).</summary>
    public static IEnumerable<(string Path, string Text)> Files(string folder) =>
        from file in Directory.EnumerateFiles(Path.Combine(Root, folder), "*", SearchOption.AllDirectories)
        where Path.GetExtension(file) is ".cs" or ".razor"
        let path = Path.GetRelativePath(Root, file).Replace('\\', '/')
        where !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal)
        select (path, File.ReadAllText(file));

    private static string FindRoot([CallerFilePath] string here = "")
    {
        for (var folder = Path.GetDirectoryName(here); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Portal.sln")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException($"No Portal.sln above {here}.");
    }
}
