using System.Globalization;
using Portal.Runtime.Builds.Dockerfiles;

namespace Portal.Runtime.Builds;

/// <summary>Ports of EXPOSE: <c>80</c>, <c>53/udp</c>, <c>8000-8010/tcp</c>. Pure.</summary>
internal static class ExposedPorts
{
    /// <exception cref="Domain.Primitives.ErrorException">400, naming the line.</exception>
    public static IEnumerable<string> Parse(string text, int line)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var protocol = slash < 0 ? "tcp" : text[(slash + 1)..].ToLowerInvariant();
        if (protocol is not ("tcp" or "udp" or "sctp"))
        {
            throw DockerfileErrors.At(line, $"invalid proto: {protocol}");
        }

        var numbers = slash < 0 ? text : text[..slash];

        // As with -p, what is before a colon is the host's, and means nothing here.
        numbers = numbers[(numbers.LastIndexOf(':') + 1)..];
        var bounds = numbers.Split('-');
        return bounds.Length <= 2 && TryPort(bounds[0], out var first) && TryPort(bounds[^1], out var last) && first <= last
            ? Enumerable.Range(first, last - first + 1).Select(port => string.Create(CultureInfo.InvariantCulture, $"{port}/{protocol}"))
            : throw DockerfileErrors.At(line, $"invalid containerPort: {numbers}");
    }

    private static bool TryPort(string text, out int port) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= 65535;
}
