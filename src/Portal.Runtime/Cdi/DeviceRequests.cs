using System.Globalization;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Cdi;

/// <summary>Which CDI devices a request means (<c>--device vendor.com/class=name</c>, <c>--gpus</c>), in Docker's words. Pure.</summary>
internal static class DeviceRequests
{
    private const string CdiDriver = "cdi";
    private const int MaximumCount = 1024;

    // What clients ask graphics processors for, by vendor. The first whose devices are here gets the request.
    private static readonly (string Driver, string Kind, string[] Capabilities)[] s_vendors =
    [
        ("nvidia", "nvidia.com/gpu", ["gpu", "nvidia", "compute", "compat32", "graphics", "utility", "video", "display"]),
        ("amd", "amd.com/gpu", ["gpu", "amd"]),
    ];

    /// <summary>Qualified names of the devices of a request.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="hasKind">Whether there is a device of a kind on this host.</param>
    /// <exception cref="ErrorException">400: no such driver, or a contradiction.</exception>
    public static IReadOnlyList<string> Resolve(DeviceRequestSpec request, Func<string, bool> hasKind)
    {
        if (request.Driver == CdiDriver)
        {
            return request.Count != 0 ? throw Invalid("unexpected count in CDI device request")
                : request.Options.Count > 0 ? throw Invalid("unexpected options in CDI device request")
                : request.Ids;
        }

        var vendor = s_vendors.FirstOrDefault(candidate => hasKind(candidate.Kind)
            && (request.Driver == candidate.Driver || (request.Driver.Length == 0 && request.Capabilities.Any(wanted => wanted.Count > 0 && wanted.All(candidate.Capabilities.Contains)))));
        if (vendor.Kind is null)
        {
            // Lists as Go prints them, which is what clients know.
            throw Invalid($"could not select device driver \"{request.Driver}\" with capabilities: [{string.Join(' ', request.Capabilities.Select(wanted => $"[{string.Join(' ', wanted)}]"))}]");
        }

        if (request is { Count: not 0, Ids.Count: > 0 })
        {
            throw Invalid("cannot set both Count and DeviceIDs on device request");
        }

        var ids = request.Count < 0 ? ["all"]
            : request.Count > MaximumCount ? throw Invalid($"no host has {request.Count} devices")
            : request.Count > 0 ? [.. Enumerable.Range(0, request.Count).Select(index => index.ToString(CultureInfo.InvariantCulture))]
            : request.Ids;
        return [.. ids.Select(id => id.Contains('=', StringComparison.Ordinal) ? id : $"{vendor.Kind}={id}")];
    }

    private static ErrorException Invalid(string message) => new(ErrorKind.Invalid, "container.device_request", message);
}
