using System.Globalization;
using System.Text;
using Portal.Runtime.Linux;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Containers;

/// <summary>What a start has once everything around its run is there. To be kept until the OCI runtime has made the container.</summary>
/// <param name="Attachment">Place in the network; null for one in another container's, or not yet.</param>
/// <param name="JoinedHostname">Host name taken over from that container; null otherwise.</param>
/// <param name="UnknownProfile">Seccomp profile to learn from the created container; null for none.</param>
/// <param name="Namespaces">Those of other containers, and its own.</param>
internal sealed record PreparedRun(NetworkAttachment? Attachment, string? JoinedHostname, string? UnknownProfile, JoinedNamespaces Namespaces) : IDisposable
{
    /// <summary>Whom the standard streams are for, by ids of the host; null where the OCI runtime sees to it.</summary>
    public (uint User, uint Group)? StreamOwner { get; init; }

    /// <summary>It has the host's /dev.</summary>
    public bool HasHostDevices { get; init; }

    public void Dispose() => Namespaces.Dispose();

    /// <summary>
    /// Gives the pipes of a process that waits to be let go to its user, so that it can open them by name (/dev/stderr). The
    /// OCI runtime does so itself where it can; in a user namespace it may not.
    /// </summary>
    /// <param name="pid">The first process.</param>
    public void GiveStreams(int pid)
    {
        if (HasHostDevices)
        {
            // crun has given a stdin that is /dev/null to the container's user, and here that is the host's.
            _ = Libc.Chown("/dev/null", 0, 0);
        }

        if (StreamOwner is not { } owner)
        {
            return;
        }

        for (var stream = 0; stream <= 2; stream++)
        {
            var path = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/fd/{stream}"));
            if (Libc.Open(path, Libc.OpenPath, 0, out var handle) == 0)
            {
                using (handle)
                {
                    // Never a device: that would be the host's /dev/null.
                    if (Libc.StatAt(handle!, [], out var facts) == 0 && facts.Kind is FileKind.Fifo or FileKind.Socket)
                    {
                        _ = Libc.ChangeOwnerAt(handle!, [], owner.User, owner.Group);
                    }
                }
            }
        }
    }
}
