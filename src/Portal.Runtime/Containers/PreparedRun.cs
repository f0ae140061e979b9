using Portal.Runtime.Networks;

namespace Portal.Runtime.Containers;

/// <summary>What a start has once everything around its run is there. To be kept until the OCI runtime has made the container.</summary>
/// <param name="Attachment">Place in the network; null for one in another container's.</param>
/// <param name="JoinedHostname">Host name taken over from that container; null otherwise.</param>
/// <param name="UnknownProfile">Seccomp profile to learn from the created container; null for none.</param>
/// <param name="Joined">Namespaces of other containers.</param>
internal sealed record PreparedRun(NetworkAttachment? Attachment, string? JoinedHostname, string? UnknownProfile, JoinedNamespaces Joined) : IDisposable
{
    public void Dispose() => Joined.Dispose();
}
