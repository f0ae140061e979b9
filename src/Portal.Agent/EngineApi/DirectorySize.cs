namespace Portal.Agent.EngineApi;

/// <summary>What a tree of files takes.</summary>
internal static class DirectorySize
{
    private static readonly EnumerationOptions s_everything = new() { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = true };

    /// <summary>Sum of the files' lengths in bytes, links not followed; -1 when there is no such folder.</summary>
    public static long Of(string path)
    {
        if (!Directory.Exists(path))
        {
            return -1;
        }

        long sum = 0;
        foreach (var file in new DirectoryInfo(path).EnumerateFiles("*", s_everything))
        {
            try
            {
                sum += file.LinkTarget is null ? file.Length : 0;
            }
            catch (FileNotFoundException)
            {
                // Deleted since it was listed.
            }
        }

        return sum;
    }
}
