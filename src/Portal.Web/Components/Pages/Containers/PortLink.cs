using System.Globalization;
using Portal.Domain.Containers;

namespace Portal.Web.Components.Pages.Containers;

/// <summary>Where a browser finds a published port.</summary>
internal static class PortLink
{
    /// <summary>The address, or null when a browser cannot open the port.</summary>
    /// <param name="port">The port.</param>
    /// <param name="hostName">Name of the container's host.</param>
    /// <param name="isLocal">The host is the machine the portal runs on.</param>
    /// <param name="portal">Address the reader uses for the portal.</param>
    public static string? Of(PortView port, string hostName, bool isLocal, Uri portal)
    {
        if (port.HostPort is not { } number || !string.Equals(port.Protocol, "tcp", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        // The machine that serves this page is reached by the name that reached the page; its own name may mean nothing to the reader.
        var machine = isLocal ? portal.Host : hostName;
        var address = port.HostAddress switch
        {
            null or "" or "0.0.0.0" or "::" => machine,
            "127.0.0.1" or "::1" => isLocal && portal.IsLoopback ? machine : null,
            { } other => other,
        };
        if (address is null || Uri.CheckHostName(address.Trim('[', ']')) == UriHostNameType.Unknown)
        {
            return null;
        }

        var bracketed = address.Contains(':', StringComparison.Ordinal) && !address.StartsWith('[') ? $"[{address}]" : address;
        var scheme = port.ContainerPort is 443 or 8443 ? "https" : "http";
        return string.Create(CultureInfo.InvariantCulture, $"{scheme}://{bracketed}:{number}");
    }

    /// <summary>For instance <c>8080→80</c>; <c>53→53/udp</c>; <c>6379/tcp</c> when it is not published.</summary>
    public static string Label(PortView port)
    {
        var protocol = string.Equals(port.Protocol, "tcp", StringComparison.OrdinalIgnoreCase) ? "" : "/" + port.Protocol;
        return port.HostPort is { } number
            ? string.Create(CultureInfo.InvariantCulture, $"{number}→{port.ContainerPort}{protocol}")
            : string.Create(CultureInfo.InvariantCulture, $"{port.ContainerPort}/{port.Protocol}");
    }
}
