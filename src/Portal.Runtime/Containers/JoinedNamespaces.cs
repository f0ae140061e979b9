using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Supervision;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Containers;

/// <summary>
/// Namespaces that a container is to join, of other containers and made for it, held by descriptors of this process until the
/// OCI runtime has joined them. A path by the number of a process could be another process' by then.
/// </summary>
internal sealed class JoinedNamespaces : IDisposable
{
    private readonly List<SafeFileHandle> _handles = [];
    private UserNamespace? _own;
    private string? _joinedUser;

    /// <summary>Path of the PID namespace to join; null for none.</summary>
    public string? Pid { get; private set; }

    /// <summary>Path of the IPC namespace to join; null for none.</summary>
    public string? Ipc { get; private set; }

    /// <summary>Path of the network namespace to join; null for none.</summary>
    public string? Network { get; private set; }

    /// <summary>Path of the user namespace to join, another container's or its own; null for the host's.</summary>
    public string? User => _own?.Path ?? _joinedUser;

    /// <summary>An empty network namespace that belongs to its own user namespace; null for none.</summary>
    public SafeFileHandle? OwnNetwork => _own?.Network;

    /// <summary>Its own network namespace must belong to another container's user namespace, so the OCI runtime has to make it.</summary>
    public bool IsNetworkMadeLater => _joinedUser is not null && Network is null;

    public void JoinPid(ContainerRun donor) => Pid = Hold(donor, "pid");

    public void JoinIpc(ContainerRun donor) => Ipc = Hold(donor, "ipc");

    public void JoinNetwork(ContainerRun donor) => Network = Hold(donor, "net");

    /// <summary>Namespaces are only of use with the user namespace that they belong to.</summary>
    public void JoinUser(ContainerRun donor) => _joinedUser = Hold(donor, "user");

    /// <summary>Makes a user namespace for a container whose ids are mapped, unless it joins another's.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    public void MakeOwn(IdMappings? mappings)
    {
        if (mappings is not null && _joinedUser is null)
        {
            _own = UserNamespace.Make(mappings, network: Network is null);
        }
    }

    public void Dispose()
    {
        _own?.Dispose();
        foreach (var handle in _handles)
        {
            handle.Dispose();
        }
    }

    private string Hold(ContainerRun donor, string kind) => $"/proc/{Environment.ProcessId}/fd/{Open(donor, kind).DangerousGetHandle()}";

    /// <summary>A namespace of a container that runs; the handle is this object's to close.</summary>
    /// <exception cref="ErrorException">409: it has ended.</exception>
    public SafeFileHandle Open(ContainerRun donor, string kind)
    {
        var path = $"/proc/{donor.Record.Pid}/ns/{kind}";
        var errno = Libc.Open(Encoding.ASCII.GetBytes(path), Libc.OpenReadOnly, 0, out var handle);

        // Asked afterwards: a process that is still there has had its number all the time.
        if (errno == 0 && donor.Signal(0))
        {
            _handles.Add(handle!);
            return handle!;
        }

        handle?.Dispose();
        throw new ErrorException(ErrorKind.Conflict, "container.donor_ended", "the container to join has just ended");
    }
}
