using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;

namespace Portal.Domain.Access.Restrictions;

/// <summary>
/// Holds a host's restrictions against the one effective spec of a container, whatever form the request had (CIS Docker Benchmark 5, and the advisories of
/// dashboards that looked at one spelling of several). Pure.
/// </summary>
public static class SpecRestrictions
{
    private static readonly string[] s_defaultCapabilities =
    [
        "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE",
    ];

    // Before the processes of the host, or of others.
    private static readonly string[] s_priorities = ["rtprio", "rttime", "nice"];

    // The others send to wherever the host reaches, its own sockets too.
    private static readonly string[] s_localLogs = ["", "json-file", "local", "none", "journald"];

    /// <summary>Everything of the spec that is not let through; empty when it may be created.</summary>
    public static IReadOnlyList<Violation> Of(ContainerSpec spec, HostRestrictions allowed)
    {
        List<Violation> found = [];
        if (spec.Privileged && !allowed.AllowPrivileged)
        {
            found.Add(new("privileged", "a privileged container"));
        }

        found.AddRange(Namespaces(spec).Where(_ => !allowed.AllowHostNamespaces).Select(what => new Violation("hostNamespaces", what)));
        found.AddRange(spec.Mounts.SelectMany(mount => Paths(mount)).Where(path => !HostPath.IsBelow(path, allowed.HostPaths)).Select(path => new Violation("hostPaths", $"the host's {path}")));
        found.AddRange(DevicesOf(spec, allowed).Select(what => new Violation("devices", what)));
        found.AddRange(spec.CapabilitiesAdded.Select(Capability)
            .Where(name => !s_defaultCapabilities.Contains(name) && !allowed.Capabilities.Any(known => Capability(known) is "ALL" || Capability(known) == name))
            .Select(name => new Violation("capabilities", $"the capability {name}")));
        found.AddRange(spec.Sysctls.Keys.Where(key => !IsOpen(key, allowed)).Select(key => new Violation("sysctls", $"the kernel parameter {key}")));
        if (!allowed.AllowSecurityOptions)
        {
            found.AddRange(Security(spec).Select(what => new Violation("securityOptions", what)));
        }

        if (spec.Runtime.Length > 0 && !allowed.Runtimes.Contains(spec.Runtime))
        {
            found.Add(new("runtimes", $"the OCI runtime {spec.Runtime}"));
        }

        found.AddRange(spec.Ports.SelectMany(port => Closed(port, allowed)).Select(port => new Violation("hostPorts", $"port {port} of the host")));
        found.AddRange(spec.Mounts.Where(mount => mount.Kind == MountKind.Image).Select(mount => mount.Source).Prepend(spec.Image)
            .Where(image => !IsFrom(image, allowed)).Select(image => new Violation("registries", $"the image {image}")));
        return found;
    }

    /// <summary>What of new limits of a container that exists is not let through.</summary>
    public static IReadOnlyList<Violation> Of(ContainerResources resources, HostRestrictions allowed) =>
        allowed.AllowSecurityOptions ? [] : [.. RealTime(resources).Select(what => new Violation("securityOptions", what))];

    /// <summary>True for a kernel parameter that may be set, in either notation.</summary>
    internal static bool IsOpen(string sysctl, HostRestrictions allowed) => allowed.Sysctls.Any(known => Matches(sysctl.Replace('/', '.'), known));

    /// <summary>True when images of this name may be had, be it for a container, a build or a pull.</summary>
    public static bool IsFrom(string image, HostRestrictions allowed)
    {
        if (allowed.Registries.IsEmpty)
        {
            return true;
        }

        // An id says nothing of where it came from, and the beginning of one looks like a name.
        if (image.All(char.IsAsciiHexDigit) || !ImageReference.TryParse(image, null, out var reference))
        {
            return false;
        }

        var name = $"{reference.Domain}/{reference.Path}";
        return allowed.Registries.Any(known => name == known || name.StartsWith(known.TrimEnd('/') + "/", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Namespaces(ContainerSpec spec)
    {
        if (spec.NetworkMode == "host" || spec.Endpoints?.Any(endpoint => endpoint.Network == "host") == true)
        {
            yield return "the host's network";
        }

        foreach (var (mode, what) in ((NamespaceMode, string)[])
        [
            (spec.PidMode, "processes"), (spec.IpcMode, "IPC"), (spec.UtsMode, "host name"), (spec.UserNamespaceMode, "users"), (spec.CgroupNamespaceMode, "cgroups"),
        ])
        {
            if (mode.Kind == NamespaceKind.Host)
            {
                yield return $"the host's {what}";
            }
        }
    }

    /// <summary>Folders of the host behind a mount, whatever it calls itself.</summary>
    private static IEnumerable<string> Paths(MountSpec mount)
    {
        if (mount.Kind == MountKind.Bind)
        {
            yield return HostPath.Normal(mount.Source);
        }
        else if (mount.Kind == MountKind.Volume)
        {
            foreach (var path in UsedVolume.Reached(VolumeOptions.Of(mount.VolumeOptions)))
            {
                yield return path;
            }
        }
    }

    private static IEnumerable<string> DevicesOf(ContainerSpec spec, HostRestrictions allowed)
    {
        foreach (var device in spec.Devices.Where(device => !HostPath.IsBelow(HostPath.Normal(device.HostPath), allowed.Devices)))
        {
            yield return $"the device {device.HostPath}";
        }

        // Rules and requests name no node: only who may have all devices may have these.
        if (!HostPath.IsBelow("/dev", allowed.Devices))
        {
            foreach (var rule in spec.DeviceCgroupRules)
            {
                yield return $"the device rule {rule}";
            }

            foreach (var request in spec.DeviceRequests)
            {
                yield return $"devices of {(request.Driver.Length > 0 ? request.Driver : "the engine's choice")}";
            }
        }
    }

    private static IEnumerable<string> Security(ContainerSpec spec)
    {
        foreach (var option in spec.SecurityOptions.Where(option => option is not ("no-new-privileges" or "no-new-privileges:true" or "no-new-privileges=true")))
        {
            yield return $"the security option {option.Split('{')[0]}";
        }

        if (spec.MaskedPaths is not null || spec.ReadOnlyPaths is not null)
        {
            yield return "unmasked paths";
        }

        if (spec.Annotations.Count > 0)
        {
            yield return "annotations for the OCI runtime";
        }

        if (spec.CgroupParent.Length > 0)
        {
            yield return $"the cgroup {spec.CgroupParent}";
        }

        if (spec.OomScoreAdjustment < 0)
        {
            yield return "a lower OOM score";
        }

        if (spec.Mounts.Any(mount => mount.Propagation is "shared" or "rshared" or "slave" or "rslave"))
        {
            yield return "mounts that reach the host";
        }

        foreach (var limit in spec.Ulimits.Where(limit => s_priorities.Contains(limit.Name)))
        {
            yield return $"the limit {limit.Name}";
        }

        if (!s_localLogs.Contains(spec.Log.Driver))
        {
            yield return $"the log driver {spec.Log.Driver}";
        }

        foreach (var what in RealTime(spec.Resources))
        {
            yield return what;
        }
    }

    private static IEnumerable<string> RealTime(ContainerResources resources)
    {
        if (resources.OomKillDisabled)
        {
            yield return "protection from the OOM killer";
        }

        if (resources.CpuRealtimePeriod != 0 || resources.CpuRealtimeRuntime != 0)
        {
            yield return "real-time processor time";
        }

        if (resources.PidsLimit is < 0)
        {
            yield return "processes without a limit";
        }
    }

    private static IEnumerable<string> Closed(PortBinding port, HostRestrictions allowed)
    {
        if (port.HostPort == 0)
        {
            yield break;
        }

        var last = Math.Max(port.HostPort, port.LastHostPort);
        for (var number = port.HostPort; number <= last; number++)
        {
            if (!allowed.HostPorts.Any(span => span.Contains(number)))
            {
                // One names the range.
                yield return last == port.HostPort ? $"{number}/{port.Protocol}" : $"{port.HostPort}-{last}/{port.Protocol}";
                yield break;
            }
        }
    }

    private static string Capability(string name)
    {
        var upper = name.ToUpperInvariant();
        return upper.StartsWith("CAP_", StringComparison.Ordinal) ? upper[4..] : upper;
    }

    private static bool Matches(string key, string known) =>
        known.EndsWith('*') ? key.StartsWith(known[..^1], StringComparison.Ordinal) : key == known;
}
