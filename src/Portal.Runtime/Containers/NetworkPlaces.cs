using System.Net;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Names;
using Portal.Runtime.Networks;
using Portal.Runtime.Oci;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Containers;

/// <summary>Containers' places in networks, with what they have in /etc for them.</summary>
internal sealed class NetworkPlaces(ContainerStore store, INetworks networks, INameServers servers)
{
    /// <summary>Puts a container about to start into its networks, and gives it its names.</summary>
    /// <param name="container">The container.</param>
    /// <param name="network">An empty namespace to take; null for a new one.</param>
    /// <param name="ct">Gives up before anything is done.</param>
    /// <exception cref="ErrorException">It cannot be; nothing is left of the networks.</exception>
    public async Task<NetworkAttachment> AttachAsync(ContainerSnapshot container, SafeFileHandle? network, CancellationToken ct)
    {
        var attachment = await networks.AttachAsync(Request(container, network), ct).ConfigureAwait(false);
        await ServeAsync(container, attachment, ct).ConfigureAwait(false);
        return attachment;
    }

    /// <summary>Takes everything away again; absent is success.</summary>
    public async Task DetachAsync(ContainerId id)
    {
        try
        {
            await networks.DetachAsync(id, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            // Last: without its namespace there are no rules to be taken out of it.
            servers.Stop(id);
        }
    }

    /// <summary>Puts a container that runs into one more network.</summary>
    public async Task<NetworkAttachment> ConnectAsync(ContainerSnapshot container, EndpointSpec endpoint, CancellationToken ct)
    {
        var before = container.Attachment!;
        var after = await networks.ConnectAsync(Request(container, null), endpoint, ct).ConfigureAwait(false);
        await ServeAsync(container, after, ct).ConfigureAwait(false);
        ChangeHosts(container, before, after);
        if (HasServer(after) && !HasServer(before) && ResolvConfFile.IsOurs(FilesOf(container).ResolvConf))
        {
            WriteResolvConf(container, after);
        }

        return after;
    }

    /// <summary>Takes a container that runs out of a network.</summary>
    public async Task<NetworkAttachment> DisconnectAsync(ContainerSnapshot container, string network, CancellationToken ct)
    {
        var before = container.Attachment!;
        var after = await networks.DisconnectAsync(Request(container, null), network, ct).ConfigureAwait(false);
        await ServeAsync(container, after, ct).ConfigureAwait(false);
        ChangeHosts(container, before, after);
        return after;
    }

    /// <summary>Takes the names of a container over that kept running.</summary>
    public Task ResumeAsync(ContainerSnapshot container) =>
        container.Attachment is { } attachment ? ServeAsync(container, attachment, CancellationToken.None) : Task.CompletedTask;

    /// <summary>Writes what a container with a network of its own has in /etc; without a place in it yet as far as it is known.</summary>
    public void WriteFiles(ContainerSnapshot container, NetworkAttachment? attachment)
    {
        var (spec, mappings) = (container.Spec, container.Mappings);
        var files = FilesOf(container);
        // In the host's network its names are those of the host, unless others are asked for.
        var hosts = attachment is { NamespacePath: null } && spec.ExtraHosts.Count == 0 ? ReadHostFile("/etc/hosts")
            : NetworkFiles.Hosts(container.Id, spec, attachment, networks.Resolve("bridge").GatewayIPv4) + string.Concat(Links(container, attachment));
        Write(files.OwnHostname, NetworkFiles.Hostname(container.Id, spec) + "\n", mappings);
        Write(files.Hosts, hosts, mappings);
        WriteResolvConf(container, attachment);
    }

    /// <summary>Tells those that run and have a link to a container where it is now.</summary>
    public void TellLinked(ContainerSnapshot started)
    {
        foreach (var other in store.All.Select(c => c.Snapshot))
        {
            if (other.Status.IsRunning && other.Attachment is { } attachment && other.Spec.Links.Any(l => LinkName.TryParse(l)?.Container == started.Id.Value))
            {
                var lines = Links(other, attachment);
                Rewrite(other, text => HostsText.ReplaceLinks(text, lines));
            }
        }
    }

    private static AttachmentRequest Request(ContainerSnapshot container, SafeFileHandle? network) =>
        new(container.Id, NetworkChoice.Of(container.Spec), Ports(container), Sysctls.OfNetwork(container.Spec), network);

    private static List<PortBinding> Ports(ContainerSnapshot container)
    {
        var ports = container.Spec.Ports.ToList();
        if (container.Spec.PublishAllPorts)
        {
            foreach (var exposed in container.Effective.ExposedPorts)
            {
                var slash = exposed.IndexOf('/', StringComparison.Ordinal);
                var protocol = slash < 0 ? "tcp" : exposed[(slash + 1)..];
                if (int.TryParse(slash < 0 ? exposed : exposed[..slash], out var number)
                    && !ports.Exists(port => port.ContainerPort == number && port.Protocol == protocol))
                {
                    ports.Add(new(number, protocol, "", 0));
                }
            }
        }

        return ports;
    }

    /// <summary>Lets a container ask that is, or was in this run, in a network with names.</summary>
    private async Task ServeAsync(ContainerSnapshot container, NetworkAttachment attachment, CancellationToken ct)
    {
        if (!HasServer(attachment) && !(attachment.NamespacePath is not null && container.Attachment is not null && IsTold(container)))
        {
            return;
        }

        var conf = ResolvConfOf(container.Spec);
        await servers.StartAsync(
            new(container.Id, attachment.NamespacePath!, conf.Upstreams, attachment.Endpoints.Any(e => !e.IsInternal), conf.HasNdots), ct).ConfigureAwait(false);
    }

    private static bool HasServer(NetworkAttachment? attachment) => attachment is { NamespacePath: not null } && attachment.Endpoints.Any(e => e.HasNames);

    /// <summary>It knows of its name server, and goes on asking when it has left the last network with names.</summary>
    private bool IsTold(ContainerSnapshot container) =>
        ReadHostFile(FilesOf(container).ResolvConf).Contains($"nameserver {INameServers.Address}\n", StringComparison.Ordinal);

    private void WriteResolvConf(ContainerSnapshot container, NetworkAttachment? attachment)
    {
        var path = FilesOf(container).ResolvConf;
        var text = HasServer(attachment) ? ResolvConfOf(container.Spec).ForNameServer()
            : attachment is { NamespacePath: null } ? ResolvConfOf(container.Spec).ForHost()
            : ResolvConfOf(container.Spec, isOnBridge: true).ForBridge(attachment?.Endpoints.Any(e => e.IPv6 is not null) ?? false);
        Write(path, text, container.Mappings);
        ResolvConfFile.Note(path, text);
    }

    private static ResolvConf ResolvConfOf(ContainerSpec spec, bool isOnBridge = false)
    {
        const string Usual = "/etc/resolv.conf";
        var host = ReadHostFile(Usual);
        // Who asks from the host's network may ask a stub there, which knows better whom to ask about what.
        return isOnBridge && ResolvConf.SourceOf(host) is var source and not Usual && ReadHostFile(source) is { Length: > 0 } behind
            ? new(behind, source, spec) : new(host, Usual, spec);
    }

    private NetworkFilePaths FilesOf(ContainerSnapshot container) => new(store.Folder(container.Id), container.Spec);

    private void ChangeHosts(ContainerSnapshot container, NetworkAttachment before, NetworkAttachment after)
    {
        var (old, now) = (NetworkFiles.OwnLines(container.Id, container.Spec, before), NetworkFiles.OwnLines(container.Id, container.Spec, after));
        Rewrite(container, text => HostsText.Change(text, [.. old.Except(now)], [.. now.Except(old)]));
    }

    /// <summary>Lines for the containers that one has links to on the default network.</summary>
    private List<string> Links(ContainerSnapshot container, NetworkAttachment? attachment)
    {
        if (container.Spec.Links.Count == 0 || attachment?.Endpoints.Any(e => e.NetworkName == "bridge") is not true)
        {
            return [];
        }

        List<string> lines = [];
        foreach (var link in container.Spec.Links.Select(LinkName.TryParse).OfType<LinkName>())
        {
            if (store.TryResolve(link.Container)?.Snapshot is { Attachment: { } theirs } linked
                && theirs.Endpoints.FirstOrDefault(e => e.NetworkName == "bridge")?.IPv4 is { } address)
            {
                lines.Add(HostsText.LinkLine(address.Address, link.Alias, NetworkFiles.Hostname(linked.Id, linked.Spec), linked.Name));
            }
        }

        return lines;
    }

    private void Rewrite(ContainerSnapshot container, Func<string, string> change)
    {
        var path = FilesOf(container).Hosts;
        var text = ReadHostFile(path);
        var changed = change(text);
        if (changed != text)
        {
            Write(path, changed, container.Mappings);
        }
    }

    private static string ReadHostFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>Readable by every user of the container, and its root's own. Written in place: the file may be bind-mounted.</summary>
    private static void Write(string path, string text, IdMappings? mappings)
    {
        const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Readable });
        file.Write(Encoding.UTF8.GetBytes(text));
        if (mappings is not null)
        {
            _ = Libc.Check(() => Libc.Chown(path, mappings.RootUser, mappings.RootGroup), "chown", path);
        }
    }
}

/// <summary>Changes of an /etc/hosts that somebody else may have written to. Pure.</summary>
internal static class HostsText
{
    // Lines of links are known again by what no name has at its end.
    private const string LinkMark = "\t# link";

    /// <summary>A container under its name here, its host name and its own name.</summary>
    public static string LinkLine(IPAddress address, string alias, string hostname, string name) =>
        $"{address}\t{string.Join(' ', ((string[])[alias, hostname, name]).Distinct(StringComparer.Ordinal))}{LinkMark}\n";

    /// <summary>Takes lines out, where they stand as they were written, and adds others at the end.</summary>
    public static string Change(string text, IReadOnlyList<string> removed, IReadOnlyList<string> added)
    {
        foreach (var line in removed)
        {
            var at = text.StartsWith(line, StringComparison.Ordinal) ? 0 : text.IndexOf('\n' + line, StringComparison.Ordinal) + 1;
            if (at > 0 || text.StartsWith(line, StringComparison.Ordinal))
            {
                text = text.Remove(at, line.Length);
            }
        }

        return (text.Length == 0 || text.EndsWith('\n') || added.Count == 0 ? text : text + '\n') + string.Concat(added);
    }

    /// <summary>Puts other lines of links in place of those that are there.</summary>
    public static string ReplaceLinks(string text, IReadOnlyList<string> lines) =>
        Change(text, [.. text.Split('\n').Where(l => l.EndsWith(LinkMark, StringComparison.Ordinal)).Select(l => l + '\n')], lines);
}
