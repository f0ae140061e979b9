using System.Text;
using System.Text.Json;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Mounts;
using Portal.Runtime.Networks;
using Portal.Runtime.Oci;
using Portal.Runtime.Supervision;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Containers;

/// <summary>What a run needs around it (root file system, network, files, bundle), and its removal afterwards.</summary>
internal sealed class ContainerSetup(
    ContainerStore store, ILayerStore layers, PreparedMounts preparedMounts, INetworks networks, Conmon conmon, OciRuntime runtime, SeccompFilters filters, OciHost host, RuntimeOptions options)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Mounts, connects, and writes the bundle.</summary>
    /// <exception cref="ErrorException">It cannot be had; call <see cref="TearDownAsync"/>.</exception>
    public async Task<PreparedRun> PrepareAsync(ContainerSnapshot container, CancellationToken ct)
    {
        var spec = container.Spec;
        var userNamespace = container.Mappings is { } mappings ? UserNamespace.Make(mappings, network: true) : null;
        try
        {
            var attaching = networks.AttachAsync(
                new(container.Id, spec.NetworkMode, Ports(container), spec.Sysctls.Where(pair => pair.Key.StartsWith("net.", StringComparison.Ordinal)).ToDictionary(), Namespace: userNamespace?.Network), ct);
            string root, rootInForce;
            IReadOnlyList<ResolvedMount> mounts;
            try
            {
                root = layers.Mount(container.Id);
                (rootInForce, mounts) = preparedMounts.Prepare(container, root);
            }
            catch
            {
                // What is not yet there cannot be taken back.
                await ((Task)attaching).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }

            var attachment = await attaching.ConfigureAwait(false);
            var user = ContainerUser.Resolve(root, container.Effective.User, spec.GroupsAdded);
            var profile = await WriteAsync(container with { Mounts = mounts }, attachment, root, rootInForce, user, userNamespace, ct).ConfigureAwait(false);
            return new(attachment, profile, user, userNamespace);
        }
        catch
        {
            userNamespace?.Dispose();
            throw;
        }
    }

    private async Task<string?> WriteAsync(
        ContainerSnapshot container, NetworkAttachment attachment, string root, string rootInForce, ResolvedUser user, UserNamespace? userNamespace, CancellationToken ct)
    {
        var spec = container.Spec;
        var folder = store.Folder(container.Id);
        var hostNetwork = attachment.NamespacePath is null;
        Write($"{folder}/hostname", NetworkFiles.Hostname(container.Id, spec) + "\n", container.Mappings);
        Write($"{folder}/hosts", NetworkFiles.Hosts(container.Id, spec, attachment, attachment.Gateway), container.Mappings);
        Write($"{folder}/resolv.conf", NetworkFiles.ResolvConf(spec, ReadHostFile("/etc/resolv.conf"), hostNetwork), container.Mappings);

        WorkingDirectory.Demand(root, container.Mounts, container.Effective.WorkingDirectory);
        var (config, profile) = filters.Apply(OciSpecBuilder.BuildSpec(new()
        {
            Container = container,
            RootPath = rootInForce,
            Attachment = attachment,
            HostnamePath = hostNetwork && string.IsNullOrEmpty(spec.Hostname) ? "/etc/hostname" : $"{folder}/hostname",
            HostsPath = $"{folder}/hosts",
            ResolvConfPath = $"{folder}/resolv.conf",
            Options = options,
            Host = host,
            User = user,
            UserNamespacePath = userNamespace?.Path,
        }));

        var bundle = conmon.Bundle(container.Id);
        if (Directory.Exists(bundle.Folder))
        {
            Directory.Delete(bundle.Folder, recursive: true);
        }

        Directory.CreateDirectory(bundle.Folder, Private);
        File.Delete(conmon.ExitFile(container.Id));
        await File.WriteAllBytesAsync(bundle.Config, JsonSerializer.SerializeToUtf8Bytes(config, OciJson.Default.OciSpec), ct).ConfigureAwait(false);
        return profile;
    }

    /// <summary>Takes everything away that a run had around it. Goes on over failures and tells the first.</summary>
    /// <param name="id">The container.</param>
    /// <param name="ended">Its first process has ended, and been reaped.</param>
    public async Task<Exception?> TearDownAsync(ContainerId id, bool ended = false)
    {
        Exception? failure = null;
        var deleting = Task.Run(() => runtime.DeleteAsync(id, ended));
        try
        {
            await networks.DetachAsync(id, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception ex) when (ex is ErrorException or IOException)
        {
            failure = ex;
        }

        try
        {
            if (await deleting.ConfigureAwait(false) is { } message)
            {
                failure ??= new IOException(message);
            }
        }
        catch (IOException ex)
        {
            failure ??= ex;
        }

        try
        {
            // After the runtime's delete: a process it had to kill may hold the root.
            preparedMounts.TearDown(id);
            layers.Unmount(id);
            var bundle = conmon.Bundle(id);
            if (Directory.Exists(bundle.Folder))
            {
                Directory.Delete(bundle.Folder, recursive: true);
            }

            File.Delete(conmon.ExitFile(id));
        }
        catch (IOException ex)
        {
            failure ??= ex;
        }

        return failure;
    }

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
