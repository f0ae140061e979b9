namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>The <c>--flags</c> of one instruction, each to be taken once; what is left then is unknown.</summary>
internal sealed class Flags
{
    private readonly List<(string Name, string? Value)> _flags;
    private readonly SortedSet<string> _known = new(StringComparer.Ordinal);
    private readonly int _line;

    public Flags(Statement statement)
    {
        _line = statement.Line;
        _flags = [.. statement.Flags.Select(flag => flag.IndexOf('=', StringComparison.Ordinal) is var at and >= 0 ? (flag[2..at], flag[(at + 1)..]) : (flag[2..], (string?)null))];
    }

    /// <summary>A text; null when it is not there.</summary>
    public string? Text(string name)
    {
        var values = Texts(name);
        return values.Count > 1 ? throw DockerfileErrors.At(_line, $"duplicate flag specified: {name}") : values.Count == 0 ? null : values[0];
    }

    /// <summary>Texts of a flag that may be repeated.</summary>
    public IReadOnlyList<string> Texts(string name)
    {
        _known.Add(name);
        string[] values = [.. _flags.Where(flag => flag.Name == name).Select(flag => flag.Value ?? throw DockerfileErrors.At(_line, $"missing a value on flag: {name}"))];
        _flags.RemoveAll(flag => flag.Name == name);
        return values;
    }

    public bool? Boolean(string name)
    {
        _known.Add(name);
        var values = _flags.Where(flag => flag.Name == name).ToArray();
        _flags.RemoveAll(flag => flag.Name == name);
        return values switch
        {
            [] => null,
            [(_, null)] => true,
            [(_, var text)] => text.ToUpperInvariant() switch
            {
                "TRUE" or "1" => true,
                "FALSE" or "0" => false,
                _ => throw DockerfileErrors.At(_line, $"expecting boolean value for flag {name}, not: {text}"),
            },
            _ => throw DockerfileErrors.At(_line, $"duplicate flag specified: {name}"),
        };
    }

    /// <summary>No other flag is there.</summary>
    /// <exception cref="Domain.Primitives.ErrorException">400.</exception>
    public void End()
    {
        if (_flags.Count > 0)
        {
            throw DockerfileErrors.At(_line, $"unknown flag: --{_flags[0].Name}{(_known.Count > 0 ? $" (known here: {string.Join(", ", _known.Select(name => "--" + name))})" : "")}");
        }
    }
}
