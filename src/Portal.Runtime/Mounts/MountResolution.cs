using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Mounts;

/// <summary>A mount that is going to be made: asked for, or taken over from another container.</summary>
/// <param name="Spec">What was asked; of one taken over only the kind and the target.</param>
internal sealed record PlannedMount(MountSpec Spec)
{
    /// <summary>The other container's mount; null for one's own.</summary>
    public ResolvedMount? Lent { get; init; }

    /// <summary>Whose <see cref="Lent"/> is.</summary>
    public ContainerId Lender { get; init; }

    /// <summary>For mounts of images, one's own.</summary>
    public ImageSnapshot? Image { get; init; }
}

/// <summary>The mounts of a container about to be made.</summary>
/// <param name="Mounts">In order.</param>
/// <param name="Images">Images among them, in the same order.</param>
internal sealed record MountPlan(IReadOnlyList<PlannedMount> Mounts, IReadOnlyList<MountedImage> Images);

/// <summary>Finds out what a container's mounts are, and makes the volumes that are new.</summary>
internal sealed class MountResolution(RuntimeOptions options, ContainerStore containers, LocalVolumes volumes, IImages images, PreparedMounts prepared)
{
    /// <summary>
    /// Who wins a target, as in Docker: what the container asks for itself, then what it takes over from others, later ones
    /// over earlier, then anonymous volumes, its own and those that its image declares. Makes nothing.
    /// </summary>
    /// <exception cref="ErrorException">404 image, 400 everything else.</exception>
    public MountPlan Plan(ContainerSpec spec, ImageConfig image)
    {
        var sources = new BindSources(options);
        var own = spec.Mounts.Select(mount => Own(mount with { Target = ContainerValidation.Target(mount.Target) }, sources)).ToLookup(mount => mount.Spec.Origin == MountOrigin.Volumes);
        var planned = own[false].ToList();
        var asked = planned.Count;
        foreach (var lent in Lent(spec.VolumesFrom))
        {
            if (planned.FindIndex(mount => mount.Spec.Target == lent.Spec.Target) is var place && place < 0)
            {
                planned.Add(lent);
            }
            else if (place >= asked)
            {
                planned[place] = lent;
            }
        }

        var declared = image.Volumes.Select(target => new PlannedMount(new(MountKind.Volume, "", ContainerValidation.Target(target), ReadOnly: false) { Origin = MountOrigin.Image }));
        foreach (var volume in own[true].Concat(declared))
        {
            if (!planned.Exists(mount => mount.Spec.Target == volume.Spec.Target))
            {
                planned.Add(volume);
            }
        }

        return new(
            planned,
            [
                .. planned.Where(mount => mount.Spec.Kind == MountKind.Image)
                    .Select(mount => mount.Lent is { } lent ? new MountedImage([]) { Of = mount.Lender, Index = lent.ImageIndex } : new MountedImage(mount.Image!.DiffIds)),
            ]);
    }

    /// <summary>Makes the volumes that are new, and holds all of them for the container until it is in the store.</summary>
    /// <param name="id">The container.</param>
    /// <param name="plan">Its mounts.</param>
    /// <param name="made">Gets each mount once it is made, so that a failure can undo it.</param>
    /// <param name="ct">Gives up between two.</param>
    public async Task MakeAsync(ContainerId id, MountPlan plan, List<ResolvedMount> made, CancellationToken ct)
    {
        var imageIndex = 0;
        foreach (var mount in plan.Mounts)
        {
            var resolved = mount.Lent is { } lent ? TakeOver(id, lent) : await MakeAsync(id, mount, ct).ConfigureAwait(false);
            made.Add(resolved.Kind == MountKind.Image ? resolved with { ImageIndex = imageIndex++, Source = prepared.PathOf(id, made.Count) } : resolved);
        }
    }

    private PlannedMount Own(MountSpec mount, BindSources sources)
    {
        switch (mount.Kind)
        {
            case MountKind.Bind:
                BindSources.Demand(mount);
                return new(mount with { Propagation = sources.Propagation(mount) });
            case MountKind.Image:
                return new(mount) { Image = images.Resolve(mount.Source) };
            case MountKind.Volume:
            case MountKind.Tmpfs:
            default:
                return new(mount);
        }
    }

    private IEnumerable<PlannedMount> Lent(IReadOnlyList<string> references)
    {
        foreach (var text in references)
        {
            var (lender, readOnly) = Lender(text);
            foreach (var mount in lender.Snapshot.Mounts)
            {
                // What --tmpfs made is, as in Docker, no mount point that others could have.
                if (mount.Origin != MountOrigin.Tmpfs)
                {
                    yield return new(new(mount.Kind, mount.Source, mount.Target, mount.ReadOnly))
                    {
                        Lender = lender.Id,
                        Lent = mount with { ReadOnly = mount.ReadOnly || readOnly, Origin = MountOrigin.Container, Mode = "" },
                    };
                }
            }
        }
    }

    private (Container Lender, bool ReadOnly) Lender(string text)
    {
        if (text.Length == 0)
        {
            throw new ErrorException(ErrorKind.Invalid, "container.volumes_from", "volumes-from specification cannot be an empty string");
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var mode = colon < 0 ? "" : text[(colon + 1)..];
        if (!MountModes.IsValid(mode) || MountModes.PropagationOf(mode).Length > 0 || MountModes.IsNoCopy(mode))
        {
            throw new ErrorException(ErrorKind.Invalid, "container.volumes_from", $"invalid mode: {mode}");
        }

        try
        {
            return (containers.Resolve(colon < 0 ? text : text[..colon]), MountModes.IsReadOnly(mode));
        }
        catch (ErrorException unknown) when (unknown.Error.Kind == ErrorKind.NotFound)
        {
            // A wrong request, as in Docker: clients take a 404 of create for a missing image and go to pull it.
            throw new ErrorException(unknown.Error with { Kind = ErrorKind.Invalid }, unknown);
        }
    }

    private ResolvedMount TakeOver(ContainerId id, ResolvedMount lent)
    {
        if (lent.VolumeName is { } name)
        {
            volumes.Claim(name, id);
        }

        return lent;
    }

    private async Task<ResolvedMount> MakeAsync(ContainerId id, PlannedMount planned, CancellationToken ct)
    {
        var mount = planned.Spec;
        ResolvedMount resolved = new(mount.Kind, null, mount.Source, mount.Target, mount.ReadOnly, Anonymous: false, "") { Origin = mount.Origin, Mode = mount.Mode, Subpath = mount.Subpath };
        switch (mount.Kind)
        {
            case MountKind.Bind:
                return resolved with
                {
                    Propagation = mount.Propagation,
                    CreateSource = mount.CreateSource,
                    NonRecursive = mount.NonRecursive,
                    ReadOnlyReach = mount.ReadOnlyReach,
                };
            case MountKind.Tmpfs:
                return resolved with { TmpfsOptions = string.Join(',', TmpfsOptions.Of(mount)) };
            case MountKind.Image:
                return resolved with { ImageId = planned.Image!.Id, ImageName = mount.Source };
            case MountKind.Volume:
            default:
                var volume = await volumes.ClaimAsync(mount.Source.Length > 0 ? mount.Source : null, mount.VolumeLabels, mount.VolumeOptions, id, ct).ConfigureAwait(false);
                return resolved with { VolumeName = volume.Name, Source = volume.MountPoint, Anonymous = mount.Source.Length == 0 };
        }
    }
}
