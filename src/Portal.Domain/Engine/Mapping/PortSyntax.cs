using System.Globalization;

namespace Portal.Domain.Engine.Mapping;

/// <summary>Ports as the Engine API writes them: <c>80/tcp</c>, <c>53/udp</c>, <c>80</c>.</summary>
public static class PortSyntax
{
    /// <summary>Reads one port and its protocol (tcp when it says none).</summary>
    public static (int Port, string Protocol) Parse(string text)
    {
        var slash = text.IndexOf('/');
        var number = slash < 0 ? text : text[..slash];
        var protocol = slash < 0 ? "tcp" : text[(slash + 1)..].ToLowerInvariant();
        if (protocol is not ("tcp" or "udp" or "sctp"))
        {
            throw EngineErrors.Invalid("container.port", $"invalid port specification: \"{text}\": unknown protocol");
        }

        if (IsRange(number))
        {
            throw EngineErrors.NotSupported($"port ranges (\"{text}\") are");
        }

        return Number(number) is { } port and > 0
            ? (port, protocol)
            : throw EngineErrors.Invalid("container.port", $"invalid port specification: \"{text}\"");
    }

    /// <summary>Reads <c>80</c>, <c>80/tcp</c> or <c>80-90/tcp</c>.</summary>
    public static PortRange ParseRange(string text)
    {
        var slash = text.IndexOf('/');
        var numbers = slash < 0 ? text : text[..slash];
        if (!IsRange(numbers))
        {
            var (port, protocol) = Parse(text);
            return new(port, port, protocol);
        }

        var dash = numbers.IndexOf('-');
        var tail = slash < 0 ? "" : text[slash..];
        var (first, kind) = Parse(numbers[..dash] + tail);
        return new(first, Parse(numbers[(dash + 1)..]).Port, kind);
    }

    /// <summary>True for a range from one port to a higher one.</summary>
    public static bool IsRange(string text) =>
        text.Split('-') is [{ Length: > 0 } from, { Length: > 0 } to] && Number(from) is { } first and > 0 && Number(to) is { } last && first <= last;

    /// <summary>A port of the host, or the first and the last of several; 0 for empty (any); null when it is neither.</summary>
    public static (int First, int Last)? NumberOrRange(string text)
    {
        if (IsRange(text))
        {
            var dash = text.IndexOf('-');
            return (Number(text[..dash])!.Value, Number(text[(dash + 1)..])!.Value);
        }

        return Number(text) is { } port ? (port, port) : null;
    }

    /// <summary>A port number, 0 for empty (any); null when it is none.</summary>
    public static int? Number(string text) => text.Length == 0
        ? 0
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= 65535 ? port : null;

    public static string Format(int port, string protocol) => string.Create(CultureInfo.InvariantCulture, $"{port}/{protocol}");
}
