using System.Text;
using System.Text.Json;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.AppArmor;
using Portal.Runtime.Cdi;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Layers;
using Portal.Runtime.Networks;
using Portal.Runtime.Oci;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Containers;

/// <summary>What a run needs around it (root file system, network, files, bundle), and its removal afterwards.</summary>
internal sealed class ContainerSetup(
    ContainerStore store, ILayerStore layers, INetworks networks, NamespaceDonors donors, SharedMemory memory, Conmon conmon, OciRuntime runtime, SeccompFilters filters, CdiInjection cdi, AppArmorHost appArmor, OciHost host,
    OciRuntimes runtimes, CgroupParents parents, RuntimeOptions options)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Mounts, connects, and writes the bundle.</summary>
    /// <exception cref="ErrorException">It cannot be had; call <see cref="TearDownAsync"/>.</exception>
    public async Task<PreparedRun> PrepareAsync(ContainerSnapshot container, CancellationToken ct)
    {
        foreach (var mount in container.Mounts.Where(mount => mount.Kind == MountKind.Bind && !Path.Exists(mount.Source)))
        {
            throw new ErrorException(
                ErrorKind.Invalid, "container.missing_source", $"invalid mount config for type \"bind\": bind source path does not exist: {mount.Source}");
        }

        var joined = donors.Join(container);
        try
        {
            return await PrepareAsync(container, joined, ct).ConfigureAwait(false);
        }
        catch
        {
            joined.Dispose();
            throw;
        }
    }

    private async Task<PreparedRun> PrepareAsync(ContainerSnapshot container, JoinedNamespaces joined, CancellationToken ct)
    {
        var spec = container.Spec;
        _ = runtimes.Resolve(spec.Runtime);
        var attaching = joined.Network is null
            ? networks.AttachAsync(new(container.Id, spec.NetworkMode, Ports(container), Sysctls.OfNetwork(spec)), ct)
            : null;
        var root = layers.Mount(container.Id);
        var attachment = attaching is null ? null : await attaching.ConfigureAwait(false);

        // Whoever shares a network shares its names too, and their changes.
        var owner = donors.NetworkOwner(container);
        var files = new NetworkFilePaths(store.Folder(owner.Id), owner.Spec);
        if (attachment is not null)
        {
            Write(files.OwnHostname, NetworkFiles.Hostname(container.Id, spec) + "\n");
            Write(files.Hosts, NetworkFiles.Hosts(container.Id, spec, attachment, networks.Resolve("bridge").Gateway));
            Write(files.ResolvConf, NetworkFiles.ResolvConf(spec, ReadHostFile("/etc/resolv.conf"), attachment.NamespacePath is null));
        }
        else
        {
            container = container with { JoinedHostname = NetworkFiles.Hostname(owner, host.HostName) };
        }

        WorkingDirectory.Demand(root, container.Mounts, container.Effective.WorkingDirectory);
        var config = OciSpecBuilder.BuildSpec(new()
        {
            Container = container,
            RootPath = root,
            Attachment = attachment,
            NetworkPath = joined.Network,
            PidPath = joined.Pid,
            IpcPath = joined.Ipc,
            SharedMemoryPath = donors.MemoryOf(container),
            HostnamePath = files.Hostname,
            HostsPath = files.Hosts,
            ResolvConfPath = files.ResolvConf,
            AppArmorProfile = await appArmor.ProfileAsync(spec, ct).ConfigureAwait(false),
            BlockDevices = BlockDeviceNumbers.Read(spec.Resources),
            Devices = ContainerDevices.Read(spec),
            Options = options,
            Host = host,
            User = ContainerUser.Resolve(root, container.Effective.User, spec.GroupsAdded),
        });
        config = cdi.Apply(config, spec, container.Mounts.Select(mount => mount.Target).ToHashSet());
        (config, var profile) = runtime.IsCrun(container.Id) ? filters.Apply(config) : (config, null);

        var bundle = conmon.Bundle(container.Id);
        if (Directory.Exists(bundle.Folder))
        {
            Directory.Delete(bundle.Folder, recursive: true);
        }

        Directory.CreateDirectory(bundle.Folder, Private);
        parents.Use(spec.CgroupParent);
        if (spec.Resources.CpuRealtimeRuntime > 0)
        {
            parents.GrantRealtime(config.Linux.CgroupsPath);
        }

        File.Delete(conmon.ExitFile(container.Id));
        await File.WriteAllBytesAsync(bundle.Config, JsonSerializer.SerializeToUtf8Bytes(config, OciJson.Default.OciSpec), ct).ConfigureAwait(false);
        return new(attachment, container.JoinedHostname, profile, joined);
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
            layers.Unmount(id);
            memory.Unmount(id);
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

    /// <summary>Readable by every user of the container. Written in place: the file may be bind-mounted.</summary>
    private static void Write(string path, string text)
    {
        const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Readable });
        file.Write(Encoding.UTF8.GetBytes(text));
    }
}
