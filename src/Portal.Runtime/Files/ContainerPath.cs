namespace Portal.Runtime.Files;

/// <summary>A path in a container as a client wrote it: from the root, without needless parts. Pure.</summary>
/// <param name="Text">Absolute and clean.</param>
/// <param name="Name">What an archive of it calls it: its last part, "/" for the root, "." when the client asked for what is in a folder.</param>
/// <param name="IsFolder">The client says that it is a folder, by a slash or "/." at its end.</param>
internal sealed record ContainerPath(string Text, string Name, bool IsFolder)
{
    /// <summary>The folder it is in, from the root; empty for the root.</summary>
    public string Parent => Text[1..Math.Max(1, Text.LastIndexOf('/'))];

    /// <summary>Its last part; empty for the root.</summary>
    public string Leaf => Text[(Text.LastIndexOf('/') + 1)..];

    /// <summary>From the root, without the leading slash; "." for the root.</summary>
    public string Inside => Text.Length == 1 ? "." : Text[1..];

    /// <summary>Reads a path; ".." is taken back as text, as Docker does, before any link is looked at.</summary>
    public static ContainerPath Parse(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part == "..")
            {
                if (parts.Count > 0)
                {
                    parts.RemoveAt(parts.Count - 1);
                }
            }
            else if (part is not ("" or "."))
            {
                parts.Add(part);
            }
        }

        var text = "/" + string.Join('/', parts);
        var contents = path == "." || path.EndsWith("/.", StringComparison.Ordinal);
        return new(text, contents ? "." : parts.Count == 0 ? "/" : parts[^1], contents || path.EndsWith('/'));
    }
}
