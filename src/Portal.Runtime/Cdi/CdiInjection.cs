using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Cdi;

/// <summary>Gives a container the CDI devices it asks for: changes its OCI configuration as their files say.</summary>
internal sealed class CdiInjection(CdiRegistry registry)
{
    private const string EveryAccess = "rwm", NoAccess = "none";

    /// <summary>Applies the requests of a description.</summary>
    /// <exception cref="ErrorException">400: a device is not there, or needs what this engine does not do.</exception>
    public OciSpec Apply(OciSpec config, ContainerSpec spec, IReadOnlySet<string> userTargets)
    {
        if (spec.DeviceRequests.Count == 0)
        {
            return config;
        }

        var devices = registry.Read();
        string[] names = [.. spec.DeviceRequests.SelectMany(request => DeviceRequests.Resolve(request, devices.HasKind)).Distinct(StringComparer.Ordinal)];
        if (Array.FindAll(names, name => !devices.Devices.ContainsKey(name)) is { Length: > 0 } absent)
        {
            registry.Report(devices);
            throw Failure($"unresolvable CDI devices {string.Join(", ", absent)}");
        }

        // What a file says of all its devices comes once, before the first of them.
        var files = new HashSet<CdiSpec>(ReferenceEqualityComparer.Instance);
        foreach (var name in names)
        {
            var entry = devices.Devices[name];
            if (files.Add(entry.Spec))
            {
                config = Edit(config, entry.Spec.ContainerEdits, name, userTargets);
            }

            config = Edit(config, entry.Device.ContainerEdits, name, userTargets);
        }

        // By depth, or a parent would hide what is mounted below it. The order of equals stays.
        return config with { Mounts = [.. config.Mounts.OrderBy(mount => mount.Destination.TrimEnd('/').Count(c => c == '/'))] };
    }

    /// <summary>Applies one set of edits.</summary>
    internal static OciSpec Edit(OciSpec config, CdiEdits? edits, string device, IReadOnlySet<string> userTargets)
    {
        if (edits is null)
        {
            return config;
        }

        if (edits.IntelRdt is not null || edits.NetDevices is not null)
        {
            throw Failure($"device {device} needs {(edits.IntelRdt is not null ? "intelRdt" : "netDevices")}, which this engine does not set");
        }

        var process = config.Process;
        List<OciDevice> nodes = [.. config.Linux.Devices ?? []];
        List<OciDeviceRule> rules = [.. config.Linux.Resources.Devices ?? []];
        foreach (var wanted in edits.DeviceNodes ?? [])
        {
            var node = Complete(wanted, process.User);
            _ = nodes.RemoveAll(other => other.Path == node.Path);
            nodes.Add(node);
            if (node.Type is "b" or "c" && wanted.Permissions != NoAccess)
            {
                rules.Add(new(true, wanted.Permissions.Length > 0 ? wanted.Permissions : EveryAccess, node.Type, node.Major, node.Minor));
            }
        }

        List<OciMount> mounts = [.. config.Mounts];
        foreach (var mount in (edits.Mounts ?? []).Where(mount => !userTargets.Contains(mount.ContainerPath)))
        {
            _ = mounts.RemoveAll(other => other.Destination == mount.ContainerPath);
            mounts.Add(Convert(mount));
        }

        return config with
        {
            Process = process with
            {
                Env = Merge(process.Env, edits.Env ?? []),
                User = edits.AdditionalGids is { Count: > 0 } gids ? process.User with { AdditionalGids = [.. (process.User.AdditionalGids ?? []).Union(gids.Where(gid => gid != 0))] } : process.User,
            },
            Mounts = mounts,
            Hooks = Merge(config.Hooks, edits.Hooks ?? []),
            Linux = config.Linux with { Devices = nodes.Count == 0 ? null : nodes, Resources = config.Linux.Resources with { Devices = rules } },
        };
    }

    /// <summary>What a file leaves out of a node is the host's.</summary>
    private static OciDevice Complete(CdiNode node, OciUser user)
    {
        var isWhole = node.Type.Length > 0 && (node.Major != 0 || node.Type == "p");
        var path = node.HostPath.Length > 0 ? node.HostPath : node.Path;
        var errno = Libc.Stat(path, out var facts);
        if (errno != 0 && !isWhole)
        {
            throw Failure($"failed to stat CDI host device \"{path}\": {LinuxException.Words(errno)}");
        }

        var (type, major, minor) = (node.Type, node.Major, node.Minor);
        if (!isWhole)
        {
            var actual = facts.Kind switch
            {
                FileKind.BlockDevice => "b",
                FileKind.CharacterDevice => "c",
                FileKind.Fifo => "p",
                _ => throw Failure($"failed to stat CDI host device \"{path}\": not a device node"),
            };
            type = type.Length == 0 || (type == "u" && actual == "c") ? actual
                : type == actual ? type
                : throw Failure($"CDI device (\"{node.Path}\", \"{path}\"), host type mismatch ({type}, {actual})");
            (major, minor) = (major, type) is (0, not "p") ? (facts.DeviceMajor, facts.DeviceMinor) : (major, minor);
        }

        var mode = node.FileMode ?? (errno == 0 ? (int)(facts.Mode & 0x1FF) : null as int?);
        return new(node.Path, type, major, minor, mode, node.Uid ?? user.Uid, node.Gid ?? user.Gid);
    }

    private static OciMount Convert(CdiMount mount)
    {
        var options = mount.Options ?? [];
        var isBind = options.Any(option => option is "bind" or "rbind");

        // A file that says nothing of the kind means a bind.
        return mount.Type is "" or "bind" or "none"
            ? new(mount.ContainerPath, "bind", mount.HostPath, isBind ? options : ["bind", .. options])
            : new(mount.ContainerPath, mount.Type, mount.HostPath, options);
    }

    private static List<string> Merge(IReadOnlyList<string> environment, IReadOnlyList<string> further)
    {
        List<string> merged = [.. environment];
        foreach (var variable in further)
        {
            var name = variable[..(variable.IndexOf('=', StringComparison.Ordinal) + 1)];
            _ = merged.RemoveAll(other => other.StartsWith(name, StringComparison.Ordinal));
            merged.Add(variable);
        }

        return merged;
    }

    private static OciHooks? Merge(OciHooks? hooks, IReadOnlyList<CdiHook> further)
    {
        foreach (var hook in further)
        {
            hooks ??= new();
            var one = new OciHook(hook.Path, hook.Args, hook.Env, hook.Timeout);
            hooks = hook.HookName switch
            {
                "prestart" => hooks with { Prestart = [.. hooks.Prestart ?? [], one] },
                "createRuntime" => hooks with { CreateRuntime = [.. hooks.CreateRuntime ?? [], one] },
                "createContainer" => hooks with { CreateContainer = [.. hooks.CreateContainer ?? [], one] },
                "startContainer" => hooks with { StartContainer = [.. hooks.StartContainer ?? [], one] },
                "poststart" => hooks with { Poststart = [.. hooks.Poststart ?? [], one] },
                _ => hooks with { Poststop = [.. hooks.Poststop ?? [], one] },
            };
        }

        return hooks;
    }

    private static ErrorException Failure(string reason) => new(ErrorKind.Invalid, "container.cdi_device", $"CDI device injection failed: {reason}");
}
