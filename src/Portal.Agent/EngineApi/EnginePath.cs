using Portal.Domain.Engine;

namespace Portal.Agent.EngineApi;

/// <summary>A request path, taken apart: the version, if it names one, and the segments after it.</summary>
internal readonly ref struct EnginePath
{
    private EnginePath(ApiVersion? version, ReadOnlySpan<string> segments)
    {
        Version = version;
        Segments = segments;
    }

    public ApiVersion? Version { get; }

    public ReadOnlySpan<string> Segments { get; }

    /// <summary>
    /// Splits <paramref name="path"/>. Empty segments count for nothing (clients write <c>/containers//name/json</c>), and an
    /// encoded slash, which the server leaves encoded, belongs to the name it stands in.
    /// </summary>
    public static EnginePath Parse(string path)
    {
        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < segments.Length; i++)
        {
            if (segments[i].Contains('%'))
            {
                segments[i] = segments[i].Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
            }
        }

        return segments.Length > 0 && ApiVersion.TryParseSegment(segments[0], out var version)
            ? new(version, segments.AsSpan(1))
            : new(null, segments);
    }
}
