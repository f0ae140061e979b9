namespace Portal.Runtime.Cgroups;

/// <summary>Control files of the kernel: each read and each write is one operation.</summary>
internal interface ICgroupFiles
{
    /// <summary>The content without the line end; null when there is no such file, or its cgroup is gone.</summary>
    string? Read(string path);

    /// <summary>Writes a value.</summary>
    /// <exception cref="IOException">The kernel does not take it, or there is no such file.</exception>
    void Write(string path, string value);
}

/// <summary>The files themselves.</summary>
internal sealed class CgroupFiles : ICgroupFiles
{
    public string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path).TrimEnd('\n');
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Write(string path, string value)
    {
        // In one write, without truncation, which kernel files do not know.
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(System.Text.Encoding.ASCII.GetBytes(value));
    }
}
