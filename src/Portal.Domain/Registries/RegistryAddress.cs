using Portal.Domain.Primitives;

namespace Portal.Domain.Registries;

/// <summary>Addresses of registries as they stand at the beginning of an image's name: <c>registry.example.com</c>, <c>localhost:5000</c>, <c>docker.io</c>.</summary>
public static class RegistryAddress
{
    /// <summary>Docker Hub.</summary>
    public const string Hub = "docker.io";

    private const int Longest = 255;

    /// <summary>The one spelling of an address, or <c>registry.address</c>: it has no scheme, no path, no blanks, and no user.</summary>
    public static Result<string> Read(string text)
    {
        var address = text is { Length: <= Longest } ? text.ToLowerInvariant() : "";
        address = address is "index.docker.io" or "registry-1.docker.io" ? Hub : address;
        return ImageReference.TryParse($"{address}/x/y", out var reference, out _) && reference.Domain == address && HasPort(address)
            ? address
            : new Error(ErrorKind.Invalid, "registry.address", "The address of a registry is a host name or address, with a port if need be, as at the beginning of an image's name: registry.example.com or localhost:5000. It has no scheme and no path.");
    }

    /// <summary>What names of the registry's images begin with; null for what is no reference.</summary>
    public static string? OfImage(string reference) => ImageReference.TryParse(reference, out var parsed, out _) ? parsed.Domain.ToLowerInvariant() : null;

    /// <summary>What clients of Docker's protocols call it where they send credentials.</summary>
    public static string ForClients(string address) => address == Hub ? "https://index.docker.io/v1/" : address;

    private static bool HasPort(string address) =>
        address.LastIndexOf(':') is var colon && (colon < 0 || address[colon..].Contains(']', StringComparison.Ordinal) || (ushort.TryParse(address.AsSpan(colon + 1), out var port) && port > 0));
}
