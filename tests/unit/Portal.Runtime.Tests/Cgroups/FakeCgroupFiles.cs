using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Tests.Cgroups;

/// <summary>Control files in memory: what is written is read again, but where the test has other plans.</summary>
internal sealed class FakeCgroupFiles : ICgroupFiles
{
    /// <summary>Contents by path.</summary>
    public Dictionary<string, string> Content { get; } = [];

    /// <summary>What reads of a path answer, one after the other and the last for ever, whatever is written.</summary>
    public Dictionary<string, Queue<string>> Reads { get; } = [];

    /// <summary>Writes that the kernel refuses.</summary>
    public HashSet<(string Path, string Value)> Refused { get; } = [];

    /// <summary>Writes that it took, in order.</summary>
    public List<(string Path, string Value)> Written { get; } = [];

    public string? Read(string path) => Reads.TryGetValue(path, out var script)
        ? script.Count > 1 ? script.Dequeue() : script.Peek()
        : Content.GetValueOrDefault(path);

    public void Write(string path, string value)
    {
        if (Refused.Contains((path, value)))
        {
            throw new IOException("Device or resource busy");
        }

        Written.Add((path, value));
        Content[path] = value;
    }
}
