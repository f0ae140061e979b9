namespace Portal.Runtime.Registries;

/// <summary>How registries are reached. Set by the administrator of the host; nothing of it can be set by a client.</summary>
public sealed class RegistrySettings
{
    /// <summary>Addresses asked before Docker Hub, in this order, for instance <c>https://mirror.example.com</c>. Never sent credentials, never pushed to.</summary>
    public List<string> Mirrors { get; } = [];

    /// <summary>
    /// Registries that may have a certificate nobody vouches for, or none: host, <c>host:port</c>, or a network in CIDR form that the host's address lies in.
    /// This machine itself always is one.
    /// </summary>
    public List<string> Insecure { get; } = [];

    /// <summary>
    /// Folders with a folder per registry, called <c>host</c> or <c>host:port</c>: <c>*.crt</c> are authorities trusted for it, <c>*.cert</c> with <c>*.key</c> who we are.
    /// </summary>
    public IReadOnlyList<string> CertificateFolders { get; set; } = ["/etc/portal/certs.d", "/etc/docker/certs.d"];

    /// <summary>Hosts that may be told the credentials of a registry that sends us there for a token, beside the registry's own and its neighbours.</summary>
    public List<string> TokenHosts { get; } = [];

    /// <summary>What stands between us and them.</summary>
    public RegistryProxies Proxies { get; } = new();

    /// <summary>Address of the index that is searched.</summary>
    public string SearchIndex { get; set; } = "https://index.docker.io/";

    /// <summary>Layers that come at the same time, of all pulls together.</summary>
    public int MaximumDownloads { get; set; } = 3;

    /// <summary>Layers that go at the same time, of all pushes together.</summary>
    public int MaximumUploads { get; set; } = 5;
}
