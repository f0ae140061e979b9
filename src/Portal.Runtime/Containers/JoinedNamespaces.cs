using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Containers;

/// <summary>
/// Namespaces of other containers, held by descriptors of this process until the OCI runtime has joined them. A path by
/// the number of a process could be another process' by then.
/// </summary>
internal sealed class JoinedNamespaces : IDisposable
{
    private readonly List<SafeFileHandle> _handles = [];

    /// <summary>Path of the PID namespace to join; null for none.</summary>
    public string? Pid { get; private set; }

    /// <summary>Path of the IPC namespace to join; null for none.</summary>
    public string? Ipc { get; private set; }

    /// <summary>Path of the network namespace to join; null for none.</summary>
    public string? Network { get; private set; }

    public void JoinPid(ContainerRun donor) => Pid = Hold(donor, "pid");

    public void JoinIpc(ContainerRun donor) => Ipc = Hold(donor, "ipc");

    public void JoinNetwork(ContainerRun donor) => Network = Hold(donor, "net");

    public void Dispose()
    {
        foreach (var handle in _handles)
        {
            handle.Dispose();
        }
    }

    private string Hold(ContainerRun donor, string kind)
    {
        var path = $"/proc/{donor.Record.Pid}/ns/{kind}";
        var errno = Libc.Open(Encoding.ASCII.GetBytes(path), Libc.OpenReadOnly, 0, out var handle);

        // Asked afterwards: a process that is still there has had its number all the time.
        if (errno == 0 && donor.Signal(0))
        {
            _handles.Add(handle!);
            return $"/proc/{Environment.ProcessId}/fd/{handle!.DangerousGetHandle()}";
        }

        handle?.Dispose();
        throw new ErrorException(ErrorKind.Conflict, "container.donor_ended", "the container to join has just ended");
    }
}
