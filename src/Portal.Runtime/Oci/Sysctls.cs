using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Oci;

/// <summary>Which kernel settings a container may have: those of namespaces that are its own. Pure.</summary>
internal static class Sysctls
{
    private const string NetworkPrefix = "net.", QueuePrefix = "fs.mqueue.", DomainName = "kernel.domainname";

    private static readonly string[] s_ipc =
        ["kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"];

    /// <summary>Checks all that were asked for, in the words of Docker's runtime.</summary>
    /// <exception cref="ErrorException">400: one would act beyond the container.</exception>
    public static void Check(ContainerSpec spec)
    {
        foreach (var (name, value) in spec.Sysctls)
        {
            if (Refusal(name, spec) is { } reason)
            {
                throw Invalid($"sysctl \"{name}\" {reason}");
            }

            if (value.Contains('\0', StringComparison.Ordinal))
            {
                throw Invalid($"the value of sysctl \"{name}\" has a null byte in it");
            }
        }
    }

    /// <summary>Those that are written when the network namespace is made.</summary>
    public static Dictionary<string, string> OfNetwork(ContainerSpec spec) => spec.Sysctls.Where(pair => IsOfNetwork(pair.Key)).ToDictionary();

    /// <summary>Those the OCI runtime writes: the others, and all in the network of another container; null when there are none.</summary>
    public static Dictionary<string, string>? OfRuntime(ContainerSpec spec)
    {
        var joins = NetworkDonor.IsOne(spec.NetworkMode);
        var sysctls = spec.Sysctls.Where(pair => joins || !IsOfNetwork(pair.Key)).ToDictionary();
        if (!string.IsNullOrEmpty(spec.Domainname) && spec.UtsMode.Kind != NamespaceKind.Host)
        {
            // The specification's own member for it came later than the runtimes in use.
            _ = sysctls.TryAdd(DomainName, spec.Domainname);
        }

        return sysctls.Count == 0 ? null : sysctls;
    }

    private static bool IsOfNetwork(string name) => name.StartsWith(NetworkPrefix, StringComparison.Ordinal);

    private static string? Refusal(string name, ContainerSpec spec)
    {
        if (IsOfNetwork(name))
        {
            return spec.NetworkMode == "host" ? "not allowed in host network namespace" : null;
        }

        // Slashes, which sysctl(8) takes too, would make a path of it.
        if (s_ipc.Contains(name) || (name.StartsWith(QueuePrefix, StringComparison.Ordinal) && !name.Contains('/', StringComparison.Ordinal)))
        {
            return spec.IpcMode.Kind == NamespaceKind.Host ? "is not allowed in the hosts ipc namespace" : null;
        }

        return name switch
        {
            "kernel.hostname" => "is not allowed as it conflicts with the OCI \"hostname\" field",
            DomainName when spec.UtsMode.Kind != NamespaceKind.Host => null,
            _ => "is not in a separate kernel namespace",
        };
    }

    private static ErrorException Invalid(string message) => new(ErrorKind.Invalid, "container.sysctl", message);
}
