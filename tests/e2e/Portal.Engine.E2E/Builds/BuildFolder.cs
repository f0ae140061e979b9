namespace Portal.Engine.E2E.Builds;

/// <summary>Contexts for builds, in folders of their own.</summary>
internal static class BuildFolder
{
    /// <summary>Writes one.</summary>
    /// <param name="root">Where the folder is made.</param>
    /// <param name="dockerfile">Its Dockerfile.</param>
    /// <param name="files">Whatever else is in it.</param>
    public static string Make(string root, string dockerfile, params (string Name, string Content)[] files)
    {
        var folder = Path.Combine(root, "build-" + Guid.NewGuid().ToString("n")[..8]);
        foreach (var (name, content) in files.Append(("Dockerfile", dockerfile)))
        {
            var path = Path.Combine(folder, name);
            _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, content);
        }

        return folder;
    }
}
