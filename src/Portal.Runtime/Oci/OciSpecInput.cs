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

    /// <summary>Place in the network. Null gives the container an empty network namespace of its own.</summary>
    public NetworkAttachment? Attachment { get; init; }

    /// <summary>File on the host that is seen as /etc/hostname; null leaves the image's.</summary>
    public string? HostnamePath { get; init; }

    /// <summary>File on the host that is seen as /etc/hosts; null leaves the image's.</summary>
    public string? HostsPath { get; init; }

    /// <summary>File on the host that is seen as /etc/resolv.conf; null leaves the image's.</summary>
    public string? ResolvConfPath { get; init; }

    public required RuntimeOptions Options { get; init; }

    public required OciHost Host { get; init; }

    public required ResolvedUser User { get; init; }

    /// <summary>User namespace to join; null for the host's.</summary>
    public string? UserNamespacePath { get; init; }
}

/// <summary>Everything an exec's process file is made from.</summary>
/// <param name="Container">The running container.</param>
/// <param name="Spec">What to run.</param>
/// <param name="User">The exec's user (its own, else the container's), resolved.</param>
/// <param name="Host">The machine.</param>
public sealed record OciExecInput(ContainerSnapshot Container, ExecSpec Spec, ResolvedUser User, OciHost Host);
