using Portal.Runtime.Containers;
using Portal.Runtime.Exec;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Oci;

/// <summary>Everything a container's config.json is made from.</summary>
public sealed record OciSpecInput
{
    public required ContainerSnapshot Container { get; init; }

    /// <summary>Mounted root file system on the host.</summary>
    public required string RootPath { get; init; }

    /// <summary>Place in the network. Null gives the container an empty network namespace of its own, or <see cref="NetworkPath"/>.</summary>
    public NetworkAttachment? Attachment { get; init; }

    /// <summary>Network namespace of another container; null for none.</summary>
    public string? NetworkPath { get; init; }

    /// <summary>PID namespace of another container; null for none.</summary>
    public string? PidPath { get; init; }

    /// <summary>IPC namespace of another container; null for none.</summary>
    public string? IpcPath { get; init; }

    /// <summary>User namespace to join; null for the host's.</summary>
    public string? UserPath { get; init; }

    /// <summary>Folder on the host that is seen as /dev/shm; null for one of the container's own.</summary>
    public string? SharedMemoryPath { get; init; }

    /// <summary>File on the host that is seen as /etc/hostname; null leaves the image's.</summary>
    public string? HostnamePath { get; init; }

    /// <summary>File on the host that is seen as /etc/hosts; null leaves the image's.</summary>
    public string? HostsPath { get; init; }

    /// <summary>File on the host that is seen as /etc/resolv.conf; null leaves the image's.</summary>
    public string? ResolvConfPath { get; init; }

    /// <summary>AppArmor profile to run under; null where there is no AppArmor.</summary>
    public string? AppArmorProfile { get; init; }

    /// <summary>Numbers of the devices that block limits name.</summary>
    internal BlockDeviceNumbers BlockDevices { get; init; } = BlockDeviceNumbers.None;

    /// <summary>Devices beside those of every container.</summary>
    internal ContainerDevices Devices { get; init; } = ContainerDevices.None;

    public required RuntimeOptions Options { get; init; }

    public required OciHost Host { get; init; }

    public required ResolvedUser User { get; init; }

    /// <summary>It is crun that runs the container, of whose ways this program knows more than the specification says.</summary>
    public bool IsCrun { get; init; } = true;
}

/// <summary>Everything an exec's process file is made from.</summary>
/// <param name="Container">The running container.</param>
/// <param name="Spec">What to run.</param>
/// <param name="User">The exec's user (its own, else the container's), resolved.</param>
/// <param name="Host">The machine.</param>
/// <param name="AppArmorProfile">AppArmor profile to run under; null where there is no AppArmor.</param>
public sealed record OciExecInput(ContainerSnapshot Container, ExecSpec Spec, ResolvedUser User, OciHost Host, string? AppArmorProfile = null);
