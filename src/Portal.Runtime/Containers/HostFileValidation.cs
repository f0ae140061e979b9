using System.Net;
using System.Net.Sockets;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Containers;

/// <summary>
/// Whether what goes into /etc/hosts, /etc/hostname and /etc/resolv.conf stays one entry there, in Docker's words. Pure.
/// </summary>
internal static class HostFileValidation
{
    /// <summary>In place of an address: that of the host on the default bridge.</summary>
    public const string HostGateway = "host-gateway";

    // HOST_NAME_MAX.
    private const int MaximumName = 64;

    /// <summary>Checks names and addresses of a description.</summary>
    /// <exception cref="ErrorException">400: the first thing that is wrong.</exception>
    public static void Check(ContainerSpec spec)
    {
        CheckName("hostname", spec.Hostname);
        CheckName("domainname", spec.Domainname);
        foreach (var entry in spec.ExtraHosts)
        {
            CheckHost(entry);
        }

        foreach (var server in spec.Dns)
        {
            if (!IsAddress(server))
            {
                throw Invalid("dns", $"bad nameserver address {server}: ParseAddr(\"{server}\"): unable to parse IP");
            }
        }

        foreach (var domain in spec.DnsSearch)
        {
            if (!IsWord(domain))
            {
                throw Invalid("dns", $"{domain} is not a valid domain");
            }
        }

        foreach (var option in spec.DnsOptions)
        {
            if (!IsWord(option))
            {
                throw Invalid("dns", $"invalid DNS option: \"{option}\"");
            }
        }
    }

    private static void CheckName(string what, string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return;
        }

        if (System.Text.Encoding.UTF8.GetByteCount(name) > MaximumName)
        {
            throw Invalid(what, $"{what} \"{name}\" is too long (maximum {MaximumName} bytes)");
        }

        if (!IsWord(name) || name.Contains('/', StringComparison.Ordinal))
        {
            throw Invalid(what, $"invalid {what} format: {name}");
        }
    }

    private static void CheckHost(string entry)
    {
        // The first colon only: the rest may be an IPv6 address.
        var colon = entry.IndexOf(':', StringComparison.Ordinal);
        if (colon < 1 || !IsWord(entry[..colon]))
        {
            throw Invalid("host", $"bad format for add-host: \"{entry}\"");
        }

        var address = entry[(colon + 1)..];
        if (address != HostGateway && !IsAddress(address is ['[', .., ']'] ? address[1..^1] : address))
        {
            throw Invalid("host", $"invalid IP address in add-host: \"{address}\"");
        }
    }

    /// <summary>An address in its usual form. The framework also takes 1.2 and 0x7f000001, which other programs read otherwise or not at all.</summary>
    internal static bool IsAddress(string text) =>
        IPAddress.TryParse(text, out var address) && !text.Contains('%', StringComparison.Ordinal)
        && (address.AddressFamily == AddressFamily.InterNetworkV6 ? !text.Contains('[', StringComparison.Ordinal) : address.ToString() == text);

    private static bool IsWord(string text) => text.Length > 0 && !text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c));

    private static ErrorException Invalid(string what, string message) => new(ErrorKind.Invalid, "container.invalid_" + what, message);
}
