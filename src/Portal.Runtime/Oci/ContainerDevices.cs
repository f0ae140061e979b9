using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Oci;

/// <summary>The device nodes a container gets beside those of every container, and the rules that let it use them.</summary>
/// <param name="Nodes">To be made inside.</param>
/// <param name="Rules">After the rules of every container.</param>
internal sealed record ContainerDevices(IReadOnlyList<OciDevice> Nodes, IReadOnlyList<OciDeviceRule> Rules)
{
    private const string EveryAccess = "rwm";

    // More is no folder of devices.
    private const int MaximumEntries = 100_000;

    // A container's own /dev has these.
    private static readonly string[] s_ownFolders = ["/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/fd"];

    /// <summary>No device.</summary>
    public static ContainerDevices None { get; } = new([], []);

    /// <summary>Looks at the devices of the host. At every start: they come and go.</summary>
    /// <exception cref="ErrorException">400: one that was asked for is not there, or no device.</exception>
    public static ContainerDevices Read(ContainerSpec spec)
    {
        if (spec is { Privileged: false, Devices.Count: 0, DeviceCgroupRules.Count: 0 })
        {
            return None;
        }

        List<OciDevice> nodes = [];
        List<OciDeviceRule> rules = [];
        if (spec.Privileged)
        {
            nodes.AddRange(HostDevice.ReadAll("/sys").Select(device => new OciDevice(device.Path, device.IsBlock ? "b" : "c", device.Major, device.Minor, device.Mode, 0, 0)));
            rules.Add(new(true, EveryAccess));
        }

        foreach (var device in spec.Devices)
        {
            // A privileged container has it under its own name already.
            if (!spec.Privileged || device.HostPath != device.ContainerPath)
            {
                var found = Find(device);
                nodes.AddRange(found);
                rules.AddRange(spec.Privileged ? [] : found.Select(node => new OciDeviceRule(true, device.Permissions, node.Type, node.Major, node.Minor)));
            }
        }

        rules.AddRange(spec.Privileged ? [] : spec.DeviceCgroupRules.Select(DeviceRule.Parse));
        return new([.. nodes.DistinctBy(node => node.Path)], rules);
    }

    /// <summary>The device at a path of the host, or all devices below it.</summary>
    internal static IReadOnlyList<OciDevice> Find(DeviceSpec device)
    {
        var target = ContainerValidation.Target(device.ContainerPath);
        var errno = Libc.StatTarget(device.HostPath, out var facts);
        if (errno != 0)
        {
            throw Refusal(device, LinuxException.Words(errno));
        }

        if (Node(target, facts) is { } node)
        {
            return [node];
        }

        if (facts.Kind != FileKind.Directory)
        {
            throw Refusal(device, "not a device node");
        }

        var root = Directory.ResolveLinkTarget(device.HostPath, returnFinalTarget: true)?.FullName ?? device.HostPath.TrimEnd('/');
        List<OciDevice> nodes = [];
        var left = MaximumEntries;
        Walk(device, root, target, nodes, ref left);
        return nodes.Count > 0 ? nodes : throw Refusal(device, "not a device node");
    }

    /// <summary>The node for a device of the host; null for what is none.</summary>
    public static OciDevice? Node(string path, FileFacts facts) => facts.Kind is FileKind.CharacterDevice or FileKind.BlockDevice
        ? new(path, facts.Kind == FileKind.BlockDevice ? "b" : "c", facts.DeviceMajor, facts.DeviceMinor, (int)(facts.Mode & 0x1FF), facts.UserId, facts.GroupId)
        : null;

    // Links are not followed on the way: they could lead anywhere, and in circles.
    private static void Walk(DeviceSpec device, string folder, string target, List<OciDevice> nodes, ref int left)
    {
        string[] entries;
        try
        {
            entries = Directory.GetFileSystemEntries(folder);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return;
        }

        Array.Sort(entries, StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (--left < 0)
            {
                throw Refusal(device, "too many files");
            }

            var inside = $"{target}/{Path.GetFileName(entry)}";
            if (s_ownFolders.Contains(inside) || Libc.Stat(entry, out var facts) != 0)
            {
                continue;
            }

            if (facts.Kind == FileKind.Directory)
            {
                Walk(device, entry, inside, nodes, ref left);
            }
            else if (Node(inside, facts) is { } node)
            {
                nodes.Add(node);
            }
        }
    }

    private static ErrorException Refusal(DeviceSpec device, string reason) => new(
        ErrorKind.Invalid, "container.device", $"error gathering device information while adding custom device \"{device.HostPath}\": {reason}");
}
