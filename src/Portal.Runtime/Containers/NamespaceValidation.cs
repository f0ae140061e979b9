using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Containers;

/// <summary>Which namespaces go with which options, in Docker's words. Pure.</summary>
internal static class NamespaceValidation
{
    /// <summary>Checks the modes of a description against the rest of it.</summary>
    /// <exception cref="ErrorException">400: the first thing that is wrong.</exception>
    public static void Check(ContainerSpec spec)
    {
        if (spec.NetworkMode == "container" || NetworkDonor.IsOne(spec.NetworkMode))
        {
            CheckDonor(spec);
        }

        if (spec.UtsMode.Kind == NamespaceKind.Host && !string.IsNullOrEmpty(spec.Hostname))
        {
            throw Invalid("conflicting options: hostname and the UTS mode");
        }
    }

    private static void CheckDonor(ContainerSpec spec)
    {
        if (string.IsNullOrEmpty(NetworkDonor.Of(spec.NetworkMode)))
        {
            throw Invalid("invalid network mode: invalid container format container:<name|id>");
        }

        var conflict =
            !string.IsNullOrEmpty(spec.Hostname) ? "hostname and the network mode"
            : spec.Dns.Count > 0 ? "dns and the network mode"
            : spec.ExtraHosts.Count > 0 ? "custom host-to-IP mapping and the network mode"
            : spec.Ports.Count > 0 || spec.PublishAllPorts ? "port publishing and the container type network mode"
            : spec.ExposedPorts.Count > 0 ? "port exposing and the container type network mode"
            : null;
        if (conflict is not null)
        {
            throw Invalid("conflicting options: " + conflict);
        }
    }

    private static ErrorException Invalid(string message) => new(ErrorKind.Invalid, "container.conflicting_namespace", message);
}
