using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;
using Portal.Runtime.Logs;
using Portal.Runtime.Mounts;
using Portal.Runtime.Networks;
using Portal.Runtime.Oci;
using Portal.Runtime.Supervision;
using Portal.Runtime.UserNamespaces;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Containers;

/// <summary>Makes a container: all of it, or nothing.</summary>
internal sealed class ContainerCreation(
    ContainerStore store, IImages images, ILayerStore layers, INetworks networks, MountResolution mountResolution, LocalVolumes volumes, LogDrivers logs, NamespaceDonors donors, OciHost host,
    OciRuntimes runtimes, WorkSlots slots, RuntimeOptions options, TimeProvider time)
{
    private const int Attempts = 3;

    /// <summary>Makes a container.</summary>
    /// <param name="spec">What was asked.</param>
    /// <param name="name">Null for an invented one.</param>
    /// <param name="warnings">Gets what does not have its effect on this host.</param>
    /// <param name="ct">Gives up; nothing is left then.</param>
    /// <exception cref="ErrorException">404 image or network, 409 name, 400 bad option.</exception>
    public Task<Container> CreateAsync(ContainerSpec spec, string? name, ICollection<string> warnings, CancellationToken ct) => CreateAsync(spec, name, null, warnings, ct);

    /// <summary>The same on layers of which there need be no image.</summary>
    public async Task<Container> CreateAsync(ContainerSpec spec, string? name, StepRoot? step, ICollection<string> warnings, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await MakeAsync(spec, name, step, warnings, ct).ConfigureAwait(false);
            }
            catch (ErrorException e) when (e.Error.Code == OverlayLayerStore.LayerMissing && step is null && attempt < Attempts)
            {
                // Removed after it was found. Either there is none now, and this says so, or it has come again.
                _ = images.Resolve(spec.Image);
                warnings.Clear();
            }
        }
    }

    private async Task<Container> MakeAsync(ContainerSpec spec, string? name, StepRoot? step, ICollection<string> warnings, CancellationToken ct)
    {
        ContainerValidation.Check(spec, Environment.ProcessorCount);
        spec = donors.Settle(spec) with { Log = logs.Resolve(spec.Log), Runtime = runtimes.Resolve(spec.Runtime), Resources = ResourceFit.Fit(spec.Resources, host.Limits, warnings) };
        if (spec is { NetworkMode: "host", Ports.Count: > 0 })
        {
            warnings.Add("Published ports are discarded when using host network mode");
        }

        spec = NetworkChoice.Settle(spec, networks.Resolve);
        var mappings = UserRemap.MappingsFor(spec, options.Mappings);
        var image = step is null ? images.Resolve(spec.Image) : null;
        var root = step ?? new StepRoot(image!.Id, image.DiffIds);
        var config = image?.Config ?? new();
        var effective = EffectiveProcessMerge.Merge(spec, config);
        var plan = mountResolution.Plan(spec, config);

        using var slot = await slots.EnterAsync().ConfigureAwait(false);
        var id = ContainerId.New();
        name = store.Reserve(name, id);
        var folder = store.Folder(id);
        List<ResolvedMount> mounts = [];
        try
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute);
            await layers.CreateContainerLayerAsync(
                id, new ContainerLayers(root.DiffIds) { Ephemeral = spec.AutoRemove || step is not null, Images = plan.Images, Mappings = mappings }, ct).ConfigureAwait(false);
            await mountResolution.MakeAsync(id, plan, mounts, ct).ConfigureAwait(false);
            FillVolumes(id, plan, mounts);
            return store.Add(new(
                ContainerRecord.CurrentVersion,
                new(
                    id, name, time.GetUtcNow(), spec, effective, root.Id, ContainerStatus.Created, null, mounts,
                    spec.Log.Driver == LogDrivers.None ? "" : folder + "/container.log", 0)
                { Mappings = mappings, IsBuildStep = step is not null },
                null, StoppedByUser: false, Removing: false));
        }
        catch
        {
            layers.Remove(id);
            volumes.Settle(id);
            foreach (var mount in mounts.Where(mount => mount is { Anonymous: true, VolumeName: not null, Origin: not MountOrigin.Container }))
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
        finally
        {
            volumes.Settle(id);
        }
    }

    /// <summary>A new volume starts as a copy of what the image has in its place. The container does not run yet, so the tree stands still.</summary>
    private void FillVolumes(ContainerId id, MountPlan plan, List<ResolvedMount> mounts)
    {
        string? root = null;
        try
        {
            foreach (var (planned, mount) in plan.Mounts.Zip(mounts))
            {
                if (mount.Kind == MountKind.Volume && planned is { Lent: null, Spec.NoCopy: false })
                {
                    using var used = volumes.Use(mount.VolumeName!);
                    using var filling = volumes.BeginFill(mount.VolumeName!, mount.Source, mount.Subpath);
                    if (filling is not null)
                    {
                        root ??= layers.MountAsStored(id);
                        VolumeFill.Fill(root, mount.Target, filling.Folder, mount.Origin is MountOrigin.Volumes or MountOrigin.Image);
                        filling.Commit();
                    }
                }
            }
        }
        finally
        {
            if (root is not null)
            {
                layers.Unmount(id);
            }
        }
    }
}

/// <summary>What a container's root is made of, without an image.</summary>
/// <param name="Id">Stands in for the image's id.</param>
/// <param name="DiffIds">Layers, lowest first.</param>
internal sealed record StepRoot(Digest Id, IReadOnlyList<Digest> DiffIds);
