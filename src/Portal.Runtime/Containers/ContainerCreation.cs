using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;
using Portal.Runtime.Networks;
using Portal.Runtime.Oci;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Containers;

/// <summary>Makes a container: all of it, or nothing.</summary>
internal sealed class ContainerCreation(
    ContainerStore store, IImages images, ILayerStore layers, INetworks networks, LocalVolumes volumes, NamespaceDonors donors, OciHost host, OciRuntimes runtimes, TimeProvider time)
{
    /// <summary>Makes a container.</summary>
    /// <param name="spec">What was asked.</param>
    /// <param name="name">Null for an invented one.</param>
    /// <param name="warnings">Gets what does not have its effect on this host.</param>
    /// <param name="ct">Gives up; nothing is left then.</param>
    /// <exception cref="ErrorException">404 image or network, 409 name, 400 bad option.</exception>
    public async Task<Container> CreateAsync(ContainerSpec spec, string? name, ICollection<string> warnings, CancellationToken ct)
    {
        ContainerValidation.Check(spec, Environment.ProcessorCount);
        spec = donors.Settle(spec) with { Runtime = runtimes.Resolve(spec.Runtime), Resources = ResourceFit.Fit(spec.Resources, host.Limits, warnings) };
        if (spec is { NetworkMode: "host", Ports.Count: > 0 })
        {
            warnings.Add("Published ports are discarded when using host network mode");
        }

        var image = images.Resolve(spec.Image);
        var effective = EffectiveProcessMerge.Merge(spec, image.Config);
        CheckNetwork(spec.NetworkMode);

        var id = ContainerId.New();
        name = store.Reserve(name, id);
        var folder = store.Folder(id);
        List<ResolvedMount> mounts = [];
        try
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute);
            await layers.CreateContainerLayerAsync(id, image.DiffIds, ephemeral: spec.AutoRemove, ct).ConfigureAwait(false);
            await ResolveMountsAsync(id, spec, image.Config, mounts, ct).ConfigureAwait(false);
            return store.Add(new(
                ContainerRecord.CurrentVersion,
                new(id, name, time.GetUtcNow(), spec, effective, image.Id, ContainerStatus.Created, null, mounts, folder + "/container.log", 0),
                null, StoppedByUser: false, Removing: false));
        }
        catch
        {
            layers.Remove(id);
            foreach (var mount in mounts.Where(mount => mount is { Anonymous: true, VolumeName: not null }))
            {
                volumes.Discard(mount.VolumeName!);
            }

            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }

            store.Release(name, id);
            throw;
        }
    }

    /// <summary>
    /// An unknown network is a wrong request here, not an absent object: a client takes a 404 of create for a missing image and goes to pull it.
    /// </summary>
    private void CheckNetwork(string mode)
    {
        if (mode is "" or "default" or "bridge" or "host" or "none" || NetworkDonor.IsOne(mode))
        {
            return;
        }

        try
        {
            networks.Resolve(mode);
        }
        catch (ErrorException unknown) when (unknown.Error.Kind == ErrorKind.NotFound)
        {
            throw new ErrorException(unknown.Error with { Kind = ErrorKind.Invalid }, unknown);
        }
    }

    private async Task ResolveMountsAsync(ContainerId id, ContainerSpec spec, ImageConfig image, List<ResolvedMount> mounts, CancellationToken ct)
    {
        List<(VolumeSnapshot Volume, string Target)> empty = [];
        foreach (var mount in spec.Mounts)
        {
            mounts.Add(await ResolveMountAsync(mount).ConfigureAwait(false));
        }

        foreach (var target in image.Volumes)
        {
            var path = ContainerValidation.Target(target);
            if (!mounts.Exists(mount => mount.Target == path))
            {
                mounts.Add(await ResolveMountAsync(new(MountKind.Volume, "", path, false)).ConfigureAwait(false));
            }
        }

        if (empty.Count > 0)
        {
            Fill(id, empty);
        }

        async Task<ResolvedMount> ResolveMountAsync(MountSpec mount)
        {
            var target = ContainerValidation.Target(mount.Target);
            var propagation = mount.Propagation.Length > 0 ? mount.Propagation : "rprivate";
            switch (mount.Kind)
            {
                case MountKind.Bind:
                    PrepareSource(mount);
                    return new(MountKind.Bind, null, mount.Source, target, mount.ReadOnly, false, propagation);
                case MountKind.Tmpfs:
                    return new(MountKind.Tmpfs, null, "", target, mount.ReadOnly, false, "");
                case MountKind.Image:
                    throw new ErrorException(ErrorKind.NotImplemented, "container.image_mount", "mounts of images are not supported yet by this engine");
                case MountKind.Volume:
                default:
                    var volume = await volumes.CreateAsync(mount.Source.Length > 0 ? mount.Source : null, new Dictionary<string, string>(), ct).ConfigureAwait(false);
                    if (!mount.NoCopy && !Directory.EnumerateFileSystemEntries(volume.MountPoint).Any())
                    {
                        empty.Add((volume, target));
                    }

                    return new(MountKind.Volume, volume.Name, volume.MountPoint, target, mount.ReadOnly, mount.Source.Length == 0, "");
            }
        }
    }

    private static void PrepareSource(MountSpec mount)
    {
        if (Path.Exists(mount.Source))
        {
            return;
        }

        if (!mount.CreateSource)
        {
            throw new ErrorException(
                ErrorKind.Invalid, "container.missing_source", $"invalid mount config for type \"bind\": bind source path does not exist: {mount.Source}");
        }

        Directory.CreateDirectory(mount.Source);
    }

    /// <summary>A new volume starts as a copy of what the image has in its place. The container does not run yet, so the tree stands still.</summary>
    private void Fill(ContainerId id, List<(VolumeSnapshot Volume, string Target)> empty)
    {
        var root = layers.Mount(id);
        try
        {
            foreach (var (volume, target) in empty)
            {
                VolumeFill.Fill(root, target, volume.MountPoint);
            }
        }
        finally
        {
            layers.Unmount(id);
        }
    }
}
