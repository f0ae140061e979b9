using System.Text.Json;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.AppArmor;
using Portal.Runtime.Cdi;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Layers;
using Portal.Runtime.Mounts;
using Portal.Runtime.Networks;
using Portal.Runtime.Oci;
using Portal.Runtime.Supervision;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Containers;

/// <summary>What a run needs around it (root file system, network, files, bundle), and its removal afterwards.</summary>
internal sealed class ContainerSetup(
    ContainerStore store, ILayerStore layers, PreparedMounts preparedMounts, LocalVolumes volumes, NetworkPlaces places, NamespaceDonors donors, SharedMemory memory, Conmon conmon, OciRuntime runtime, SeccompFilters filters,
    CdiInjection cdi, AppArmorHost appArmor, OciHost host, OciRuntimes runtimes, CgroupParents parents, WorkSlots slots, RuntimeOptions options)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Mounts, connects, and writes the bundle.</summary>
    /// <exception cref="ErrorException">It cannot be had; call <see cref="TearDownAsync"/>.</exception>
    public async Task<PreparedRun> PrepareAsync(ContainerSnapshot container, CancellationToken ct)
    {
        _ = runtimes.Resolve(container.Spec.Runtime);
        var namespaces = donors.Join(container);
        try
        {
            namespaces.MakeOwn(container.Mappings);
            return await PrepareAsync(container, namespaces, ct).ConfigureAwait(false);
        }
        catch
        {
            namespaces.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Connects a created container that joined another's user namespace: its own network namespace must belong to that, so it
    /// was for the OCI runtime to make.
    /// </summary>
    /// <exception cref="ErrorException">It cannot be connected; call <see cref="TearDownAsync"/>.</exception>
    public async Task<NetworkAttachment> AttachAsync(ContainerSnapshot container, ContainerRun run, CancellationToken ct)
    {
        using var namespaces = new JoinedNamespaces();
        var attachment = await places.AttachAsync(container, namespaces.Open(run, "net"), ct).ConfigureAwait(false);
        places.WriteFiles(container, attachment);
        return attachment;
    }

    private async Task<PreparedRun> PrepareAsync(ContainerSnapshot container, JoinedNamespaces namespaces, CancellationToken ct)
    {
        var attaching = namespaces is { Network: null, IsNetworkMadeLater: false } ? places.AttachAsync(container, namespaces.OwnNetwork, ct) : null;
        string root, rootInForce;
        IReadOnlyList<ResolvedMount> mounts;
        try
        {
            root = layers.Mount(container.Id);
            volumes.Hold(container);
            (rootInForce, mounts) = preparedMounts.Prepare(container, root, runtime.IsCrun(container.Id));
        }
        catch
        {
            // What is not yet there cannot be taken back.
            await (attaching ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        var attachment = attaching is null ? null : await attaching.ConfigureAwait(false);

        // Whoever shares a network shares its names too, and their changes.
        var owner = donors.NetworkOwner(container);
        if (namespaces.Network is null)
        {
            places.WriteFiles(container, attachment);
        }
        else
        {
            container = container with { JoinedHostname = NetworkFiles.Hostname(owner, host.HostName) };
        }

        var files = new NetworkFilePaths(store.Folder(owner.Id), owner.Spec);
        var user = ContainerUser.Resolve(root, container.Effective.User, container.Spec.GroupsAdded);
        WorkingDirectory.Demand(root, mounts, container.Effective.WorkingDirectory);
        var profile = await WriteAsync(new()
        {
            Container = container with { Mounts = mounts },
            RootPath = rootInForce,
            Attachment = attachment,
            NetworkPath = namespaces.Network,
            PidPath = namespaces.Pid,
            IpcPath = namespaces.Ipc,
            UserPath = namespaces.User,
            SharedMemoryPath = donors.MemoryOf(container),
            HostnamePath = files.Hostname,
            HostsPath = files.Hosts,
            ResolvConfPath = files.ResolvConf,
            AppArmorProfile = await appArmor.ProfileAsync(container.Spec, ct).ConfigureAwait(false),
            BlockDevices = BlockDeviceNumbers.Read(container.Spec.Resources),
            Devices = ContainerDevices.Read(container.Spec),
            Options = options,
            Host = host,
            User = user,
            IsCrun = runtime.IsCrun(container.Id),
        }, ct).ConfigureAwait(false);
        return new(attachment, container.JoinedHostname, profile, namespaces)
        {
            StreamOwner = container.Mappings is { } mappings ? (mappings.UserOutside(user.Uid), mappings.GroupOutside(user.Gid)) : null,
            HasHostDevices = mounts.Any(mount => mount is { Kind: MountKind.Bind, Target: "/dev" or "/dev/null" }),
        };
    }

    /// <returns>Seccomp profile to learn from the created container; null for none.</returns>
    private async Task<string?> WriteAsync(OciSpecInput input, CancellationToken ct)
    {
        var container = input.Container;
        var config = cdi.Apply(OciSpecBuilder.BuildSpec(input), container.Spec, container.Mounts.Select(mount => mount.Target).ToHashSet());
        if (input.UserPath is not null && config.Linux.Devices is { Count: > 0 } devices)
        {
            config = config with { Mounts = [.. config.Mounts, .. preparedMounts.MakeDevices(container, devices)], Linux = config.Linux with { Devices = null } };
        }

        (config, var profile) = input.IsCrun ? filters.Apply(config) : (config, null);

        var bundle = conmon.Bundle(container.Id);
        if (Directory.Exists(bundle.Folder))
        {
            Directory.Delete(bundle.Folder, recursive: true);
        }

        Directory.CreateDirectory(bundle.Folder, Private);
        parents.Use(container.Spec.CgroupParent);
        if (container.Spec.Resources.CpuRealtimeRuntime > 0)
        {
            parents.GrantRealtime(config.Linux.CgroupsPath);
        }

        File.Delete(conmon.ExitFile(container.Id));
        await File.WriteAllBytesAsync(bundle.Config, JsonSerializer.SerializeToUtf8Bytes(config, OciJson.Default.OciSpec), ct).ConfigureAwait(false);
        return profile;
    }

    /// <summary>
    /// Takes everything away that a run had around it. Goes on over failures and tells the first. What tells how it ended stays
    /// until <see cref="Forget"/>: an agent that ends before it has written that down leaves it to its successor.
    /// </summary>
    /// <param name="id">The container.</param>
    /// <param name="ended">Its first process has ended, and been reaped.</param>
    public async Task<Exception?> TearDownAsync(ContainerId id, bool ended = false)
    {
        using var slot = await slots.EnterAsync().ConfigureAwait(false);
        Exception? failure = null;
        try
        {
            // First: of what is half gone nobody could tell any more whether it had been let go.
            File.Delete(conmon.Bundle(id).Intent);
        }
        catch (DirectoryNotFoundException)
        {
            // Nor was there a bundle.
        }

        var deleting = Task.Run(() => runtime.DeleteAsync(id, ended));
        try
        {
            await places.DetachAsync(id).ConfigureAwait(false);
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
            memory.Unmount(id);
        }
        catch (IOException ex)
        {
            failure ??= ex;
        }

        volumes.Release(id);
        return failure;
    }

    /// <summary>Deletes the bundle and the exit record of a run whose end is written down.</summary>
    public void Forget(ContainerId id)
    {
        // In this order: the next agent looks for bundles that nobody needs.
        File.Delete(conmon.ExitFile(id));
        var bundle = conmon.Bundle(id);
        if (Directory.Exists(bundle.Folder))
        {
            Directory.Delete(bundle.Folder, recursive: true);
        }
    }
}
