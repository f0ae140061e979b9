using Portal.Domain.Containers;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>Mounts in their three spellings (Binds, Mounts, Tmpfs) and the anonymous volumes, between the wire and the spec.</summary>
internal static class MountMapping
{
    private const string LocalDriver = "local";

    public static List<MountSpec> Map(Dictionary<string, EmptyObject>? anonymous, HostConfig host)
    {
        var mounts = new List<MountSpec>();
        mounts.AddRange((host.Binds ?? []).Select(BindSyntax.Parse));
        mounts.AddRange((host.Mounts ?? []).Select(Mount));
        foreach (var (target, options) in host.Tmpfs ?? [])
        {
            mounts.Add(new(MountKind.Tmpfs, "", BindSyntax.Target(target, target), ReadOnly: false) { TmpfsOptions = options ?? "" });
        }

        var taken = mounts.Select(mount => mount.Target).ToHashSet(StringComparer.Ordinal);
        mounts.AddRange((anonymous?.Keys ?? Enumerable.Empty<string>())
            .Select(target => BindSyntax.Target(target, target))
            .Where(taken.Add)
            .Select(target => new MountSpec(MountKind.Volume, "", target, ReadOnly: false)));
        return mounts;
    }

    /// <summary>Writes the mounts into the answer of inspect, in the spelling they came in.</summary>
    public static void Show(ContainerSpec spec, HostConfig host)
    {
        var binds = spec.Mounts.Where(m => m.FromBinds).Select(BindSyntax.Format).ToList();
        var mounts = spec.Mounts.Where(m => !m.FromBinds && m is not { Kind: MountKind.Volume, Source: "" } && !IsPlainTmpfs(m)).Select(Item).ToList();
        var tmpfs = spec.Mounts.Where(IsPlainTmpfs).ToDictionary(m => m.Target, m => m.TmpfsOptions);
        host.Binds = binds.Count == 0 ? null : binds;
        host.Mounts = mounts.Count == 0 ? null : mounts;
        host.Tmpfs = tmpfs.Count == 0 ? null : tmpfs;
    }

    /// <summary>A mount in force.</summary>
    public static MountPoint Show(ResolvedMount mount) => mount.Kind switch
    {
        MountKind.Bind => new() { Type = "bind", Source = mount.Source, Destination = mount.Target, RW = !mount.ReadOnly, Mode = mount.ReadOnly ? "ro" : "", Propagation = mount.Propagation.Length > 0 ? mount.Propagation : "rprivate" },
        MountKind.Volume => new() { Type = "volume", Name = mount.VolumeName, Source = mount.Source, Destination = mount.Target, Driver = LocalDriver, RW = !mount.ReadOnly, Mode = mount.ReadOnly ? "ro" : "z" },
        MountKind.Tmpfs => new() { Type = "tmpfs", Destination = mount.Target, RW = !mount.ReadOnly },
        MountKind.Image => new() { Type = "image", Source = mount.Source, Destination = mount.Target, RW = false },
    };

    private static MountSpec Mount(MountItem item)
    {
        var target = item.Target ?? "";
        if (target.Length == 0 || target[0] != '/')
        {
            throw Invalid($"invalid mount config for type \"{item.Type}\": invalid mount path: '{target}' mount path must be absolute");
        }

        target = BindSyntax.Target(target, target);
        RefuseOthersOptions(item);
        return item.Type switch
        {
            "bind" => Bind(item, target),
            "volume" => Volume(item, target),
            "tmpfs" => Tmpfs(item, target),
            "image" => Image(item, target),
            "npipe" or "cluster" => throw EngineErrors.NotSupported($"mounts of type \"{item.Type}\" are"),
            _ => throw Invalid($"invalid mount config: mount type unknown: \"{item.Type}\""),
        };
    }

    /// <summary>Options of one kind of mount on a mount of another are a mistake, not noise.</summary>
    private static void RefuseOthersOptions(MountItem item)
    {
        foreach (var (field, kind, given) in (ReadOnlySpan<(string, string, bool)>)
            [
                ("BindOptions", "bind", item.BindOptions is not null), ("VolumeOptions", "volume", item.VolumeOptions is not null),
                ("TmpfsOptions", "tmpfs", item.TmpfsOptions is not null), ("ImageOptions", "image", item.ImageOptions is not null),
            ])
        {
            if (given && item.Type != kind)
            {
                throw Invalid($"invalid mount config for type \"{item.Type}\": field {field} must not be specified");
            }
        }
    }

    private static MountSpec Bind(MountItem item, string target)
    {
        var source = item.Source ?? "";
        if (source.Length == 0 || source[0] != '/')
        {
            throw Invalid($"invalid mount config for type \"bind\": invalid mount path: '{source}' mount path must be absolute");
        }

        var options = item.BindOptions;
        if (options is { ReadOnlyNonRecursive: true, ReadOnlyForceRecursive: true })
        {
            throw Invalid("invalid mount config for type \"bind\": ReadOnlyNonRecursive and ReadOnlyForceRecursive are mutually exclusive");
        }

        var reach = options switch
        {
            { ReadOnlyNonRecursive: true } => ReadOnlyReach.TopOnly,
            { ReadOnlyForceRecursive: true } => ReadOnlyReach.Forced,
            _ => ReadOnlyReach.BestEffort,
        };
        return reach != ReadOnlyReach.BestEffort && !item.ReadOnly
            ? throw Invalid("invalid mount config for type \"bind\": mount must be set \"readonly\" to be readonly in a particular way")
            : new(MountKind.Bind, BindSyntax.Clean(source), target, item.ReadOnly)
            {
                CreateSource = options?.CreateMountpoint ?? false,
                Propagation = BindSyntax.Propagation(options?.Propagation),
                NonRecursive = options?.NonRecursive ?? false,
                ReadOnlyReach = reach,
            };
    }

    private static MountSpec Volume(MountItem item, string target)
    {
        var options = item.VolumeOptions;
        if (options?.DriverConfig?.Options is { Count: > 0 })
        {
            throw EngineErrors.NotSupported("options of a volume driver (VolumeOptions.DriverConfig) are");
        }

        CheckDriver(options?.DriverConfig?.Name);
        return new(MountKind.Volume, item.Source ?? "", target, item.ReadOnly)
        {
            NoCopy = options?.NoCopy ?? false,
            Subpath = Subpath(options?.Subpath),
            VolumeLabels = options?.Labels is { Count: > 0 } labels ? labels : System.Collections.Immutable.ImmutableDictionary<string, string>.Empty,
        };
    }

    private static MountSpec Tmpfs(MountItem item, string target)
    {
        if (!string.IsNullOrEmpty(item.Source))
        {
            throw Invalid("invalid mount config for type \"tmpfs\": field Source must not be specified");
        }

        var options = item.TmpfsOptions;
        return new(MountKind.Tmpfs, "", target, item.ReadOnly)
        {
            TmpfsSizeBytes = options?.SizeBytes ?? 0,
            TmpfsMode = options?.Mode ?? 0,
            TmpfsOptions = string.Join(',', (options?.Options ?? []).Select(option => option switch
            {
                [var flag] => flag,
                [var key, var value] => key + "=" + value,
                _ => throw Invalid("invalid mount config for type \"tmpfs\": invalid option array length"),
            })),
        };
    }

    private static MountSpec Image(MountItem item, string target) => string.IsNullOrEmpty(item.Source)
        ? throw Invalid("invalid mount config for type \"image\": field Source must not be empty")
        : new(MountKind.Image, item.Source, target, ReadOnly: true) { Subpath = Subpath(item.ImageOptions?.Subpath) };

    /// <summary>A path that stays below the volume, as text; the kernel holds it there when it is mounted.</summary>
    private static string Subpath(string? path) => string.IsNullOrEmpty(path) ? ""
        : path[0] == '/' || path.Split('/').Contains("..") ? throw Invalid($"invalid mount config: subpath must be a relative path within the volume: \"{path}\"")
        : path;

    /// <summary>There is one driver of volumes.</summary>
    public static void CheckDriver(string? name)
    {
        if (name is not (null or "" or LocalDriver))
        {
            throw EngineErrors.Invalid("container.volume_driver", $"error looking up volume plugin {name}: plugin \"{name}\" not found");
        }
    }

    private static bool IsPlainTmpfs(MountSpec mount) => mount is { Kind: MountKind.Tmpfs, TmpfsMode: 0, TmpfsSizeBytes: 0, ReadOnly: false };

    private static MountItem Item(MountSpec mount) => new()
    {
        Type = mount.Kind switch { MountKind.Bind => "bind", MountKind.Volume => "volume", MountKind.Tmpfs => "tmpfs", MountKind.Image => "image" },
        Source = mount.Source.Length == 0 ? null : mount.Source,
        Target = mount.Target,
        ReadOnly = mount.ReadOnly,
        BindOptions = mount.Kind == MountKind.Bind && (mount.Propagation.Length > 0 || mount.CreateSource || mount.NonRecursive || mount.ReadOnlyReach != ReadOnlyReach.BestEffort)
            ? new()
            {
                Propagation = mount.Propagation,
                CreateMountpoint = mount.CreateSource,
                NonRecursive = mount.NonRecursive,
                ReadOnlyNonRecursive = mount.ReadOnlyReach == ReadOnlyReach.TopOnly,
                ReadOnlyForceRecursive = mount.ReadOnlyReach == ReadOnlyReach.Forced,
            }
            : null,
        VolumeOptions = mount.Kind == MountKind.Volume && (mount.NoCopy || mount.Subpath.Length > 0 || mount.VolumeLabels.Count > 0)
            ? new() { NoCopy = mount.NoCopy, Subpath = mount.Subpath.Length == 0 ? null : mount.Subpath, Labels = mount.VolumeLabels.Count == 0 ? null : new(mount.VolumeLabels) }
            : null,
        TmpfsOptions = mount.Kind == MountKind.Tmpfs ? new() { SizeBytes = mount.TmpfsSizeBytes, Mode = mount.TmpfsMode, Options = Options(mount.TmpfsOptions) } : null,
        ImageOptions = mount is { Kind: MountKind.Image, Subpath.Length: > 0 } ? new() { Subpath = mount.Subpath } : null,
    };

    private static List<List<string>>? Options(string options) =>
        options.Length == 0 ? null : [.. options.Split(',').Select(option => option.Split('=', 2).ToList())];

    private static ErrorException Invalid(string message) => EngineErrors.Invalid("container.mount", message);
}
