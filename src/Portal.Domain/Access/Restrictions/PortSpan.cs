using System.Globalization;

namespace Portal.Domain.Access.Restrictions;

/// <summary>Ports from one to another, both included.</summary>
public readonly record struct PortSpan(int First, int Last)
{
    /// <summary>Reads <c>8080</c> or <c>8000-8999</c>; false for anything else.</summary>
    public static bool TryParse(string? text, out PortSpan span)
    {
        var ends = (text ?? "").Split('-', 2);
        span = default;
        if (!Port(ends[0], out var first) || !Port(ends[^1], out var last) || first > last)
        {
            return false;
        }

        span = new(first, last);
        return true;

        static bool Port(string text, out int port) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is >= 1 and <= 65535;
    }

    /// <summary>True for a port in it.</summary>
    public bool Contains(int port) => port >= First && port <= Last;

    /// <inheritdoc/>
    public override string ToString() => First == Last ? $"{First}" : $"{First}-{Last}";
}
