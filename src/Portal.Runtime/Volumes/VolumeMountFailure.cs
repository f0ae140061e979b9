using Portal.Domain.Volumes;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Volumes;

/// <summary>A mount that the kernel refused: in Docker's words, and then what to look at, as the kernel's number alone tells little. Pure.</summary>
internal static class VolumeMountFailure
{
    /// <summary>What is told, without accounts.</summary>
    /// <param name="volume">What was to be mounted.</param>
    /// <param name="flags">Of the mount.</param>
    /// <param name="errno">What the kernel said.</param>
    public static string Of(VolumeSnapshot volume, MountFlags flags, Errno errno)
    {
        var options = volume.Options;
        var text = $"failed to mount local volume: mount {options.Device}:{volume.MountPoint}";
        if (flags != MountFlags.None)
        {
            text += $", flags: 0x{(ulong)flags:x}";
        }

        if (VolumeMountPlan.Of(VolumeOptions.Of(options.Shown).MountOptions).Data is { Length: > 0 } data)
        {
            text += $", data: {data}";
        }

        text += $": {LinuxException.Words(errno)}";
        return Hint(options, errno) is { } hint ? $"{text} ({hint})" : text;
    }

    private static string? Hint(VolumeOptions options, Errno errno)
    {
        var isRemote = options.Backing == VolumeBacking.Network;
        return errno switch
        {
            Errno.ENODEV => $"the kernel has no file system {options.Type}; where it is a module, 'modprobe {options.Type}' on the host says more",
            Errno.ENOENT when options.IsHostBind => $"there is no {options.Device} on the host",
            Errno.ENOENT when isRemote => $"the server has no {options.Device}",
            Errno.ENOENT => $"there is no {options.Device} on the host",
            Errno.ECONNREFUSED or Errno.ETIMEDOUT or Errno.EHOSTDOWN or Errno.EHOSTUNREACH or Errno.ENETUNREACH or Errno.EIO when isRemote =>
                "the server does not answer; look at its address in the options, at whether it runs, and at its firewall",
            Errno.EACCES or Errno.EPERM when isRemote => "the server refuses it; look at who may use what it exports, and at the account in the options",
            Errno.EPROTONOSUPPORT or Errno.EOPNOTSUPP when isRemote => "the server does not speak this version; look at vers= in the options",
            Errno.EINVAL when options.Type is "nfs" or "nfs4" && !options.MountOptions.Any(option => option.StartsWith("addr=", StringComparison.Ordinal)) =>
                "nfs needs the server's address: addr=",
            Errno.EINVAL => "an option is none of this file system's, or what is there is none; the kernel's log (dmesg) says which",
            Errno.EBUSY => "it is in use on the host, and cannot be used twice",
            _ => null,
        };
    }
}
