using System.Globalization;
using System.Text;
using Portal.Runtime.Linux;
using Portal.Runtime.Networks;
using Portal.Runtime.Oci;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Containers;

/// <summary>A run that can be started. To be disposed once the OCI runtime has made the container, or could not.</summary>
/// <param name="Attachment">Place in the network.</param>
/// <param name="Profile">Seccomp profile to learn from the created container; null for none.</param>
/// <param name="User">The first process' user.</param>
/// <param name="UserNamespace">Its user namespace; null for the host's.</param>
internal sealed record PreparedRun(NetworkAttachment Attachment, string? Profile, ResolvedUser User, UserNamespace? UserNamespace) : IDisposable
{
    public void Dispose() => UserNamespace?.Dispose();

    /// <summary>
    /// Gives the pipes of a process that waits to be let go to its user, so that it can open them by name (/dev/stderr). The
    /// OCI runtime does so itself where it can; in a user namespace it may not.
    /// </summary>
    /// <param name="pid">The first process.</param>
    public void GiveStreams(int pid)
    {
        if (UserNamespace is not { Mappings: var mappings })
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
                        _ = Libc.ChangeOwnerAt(handle!, [], mappings.UserOutside(User.Uid), mappings.GroupOutside(User.Gid));
                    }
                }
            }
        }
    }
}
