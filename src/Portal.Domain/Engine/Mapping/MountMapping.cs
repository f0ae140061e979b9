using System.Collections.Immutable;
using System.Text.Json;
using Portal.Domain.Containers;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;

namespace Portal.Domain.Engine.Mapping;

/// <summary>Mounts in their three spellings (Binds, Mounts, Tmpfs) and the anonymous volumes, between the wire and the spec.</summary>
public static class MountMapping
{
    private const string LocalDriver = "local";

    public static List<MountSpec> Map(Dictionary<string, EmptyObject>? anonymous, HostConfig host, ApiVersion version)
    {
        var mounts = new List<MountSpec>();

        // Before 1.44 read-only did not reach further than the topmost mount, and clients of then count on it.
        var reach = version.AtLeast(44) ? ReadOnlyReach.BestEffort : ReadOnlyReach.TopOnly;
        mounts.AddRange((host.Binds ?? []).Select(BindSyntax.Parse).Select(mount => mount with { ReadOnlyReach = mount.Kind == MountKind.Bind && mount.ReadOnly ? reach : default }));
        mounts.AddRange((host.Mounts ?? []).Select(item => Mount(item, version)));
        foreach (var (target, options) in host.Tmpfs ?? [])
        {
            mounts.Add(new(MountKind.Tmpfs, "", TmpfsTarget(target), ReadOnly: false) { Origin = MountOrigin.Tmpfs, AsGiven = target, TmpfsOptions = options ?? "" });
        }

        var taken = mounts.Select(mount => mount.Target).ToHashSet(StringComparer.Ordinal);
        mounts.AddRange((anonymous?.Keys ?? Enumerable.Empty<string>())

            // moby's own parser is not asked about these: what is relative lies below the root. The CLI sends "v:/v" here, where it sees a drive.
            .Select(target => BindSyntax.Target("/" + target.TrimStart('/'), MountKind.Volume, target))
            .Where(taken.Add)
            .Select(target => new MountSpec(MountKind.Volume, "", target, ReadOnly: false) { Origin = MountOrigin.Volumes }));
        return mounts;
    }

    /// <summary>Writes the mounts into the answer of inspect, as they came in.</summary>
    public static void Show(ContainerSpec spec, HostConfig host)
    {
        var binds = spec.Mounts.Where(m => m.Origin == MountOrigin.Binds).Select(m => m.AsGiven).ToList();
        var mounts = spec.Mounts.Where(m => m.Origin == MountOrigin.Mounts && m.AsGiven.Length > 0)
            .Select(m => JsonSerializer.Deserialize(m.AsGiven, EngineJson.Default.MountItem)).OfType<MountItem>().ToList();
        var tmpfs = spec.Mounts.Where(m => m.Origin == MountOrigin.Tmpfs).ToDictionary(m => m.AsGiven, m => m.TmpfsOptions);
        host.Binds = binds.Count == 0 ? null : binds;
        host.Mounts = mounts.Count == 0 ? null : mounts;
        host.Tmpfs = tmpfs.Count == 0 ? null : tmpfs;
    }

    private static MountSpec Mount(MountItem item, ApiVersion version)
    {
        Gate(item, version);
        var target = item.Target ?? "";
        if (target.Length == 0)
        {
            throw Invalid(item, "field Target must not be empty");
        }

        if (BindSyntax.Clean("/" + target) == "/")
        {
            throw Invalid(item, "invalid specification: destination can't be '/'");
        }

        if (target[0] != '/')
        {
            throw Invalid(item, $"invalid mount path: '{target}' mount path must be absolute");
        }

        target = BindSyntax.Clean(target);
        var mount = item.Type switch
        {
            "bind" => Bind(item, target, version),
            "volume" => Volume(item, target),
            "tmpfs" => Tmpfs(item, target),
            "image" => Image(item, target),
            "npipe" or "cluster" => throw EngineErrors.NotSupported($"mounts of type \"{item.Type}\" are"),
            _ => throw Invalid(item, "mount type unknown"),
        };
        if (item.VolumeOptions?.DriverConfig is { Options: not null } driver)
        {
            driver.Options = new(VolumeOptions.Of(driver.Options).Shown!);
        }

        return mount with { AsGiven = JsonSerializer.Serialize(item, EngineJson.Default.MountItem) };
    }

    /// <summary>Options of one kind of mount on a mount of another are a mistake, not noise; as are members that the client's version does not have.</summary>
    private static void Gate(MountItem item, ApiVersion version)
    {
        if (!version.AtLeast(42))
        {
            item.VolumeOptions = item.Type == "volume" ? item.VolumeOptions : null;
            item.TmpfsOptions = item.Type == "tmpfs" ? item.TmpfsOptions : null;
        }

        foreach (var (field, kind, given) in (ReadOnlySpan<(string, string, bool)>)
            [
                ("VolumeOptions", "volume", item.VolumeOptions is not null), ("BindOptions", "bind", item.BindOptions is not null), ("TmpfsOptions", "tmpfs", item.TmpfsOptions is not null),
            ])
        {
            if (given && item.Type != kind)
            {
                throw EngineErrors.Invalid("container.mount", $"{field} must not be specified on mount type \"{item.Type}\"");
            }
        }

        if (item.ImageOptions is not null && item.Type != "image")
        {
            throw Invalid(item, "field ImageOptions must not be specified");
        }

        if (item.BindOptions is { } bind)
        {
            bind.NonRecursive &= version.AtLeast(40);
            bind.CreateMountpoint &= version.AtLeast(42);
            if (bind.ReadOnlyForceRecursive && !version.AtLeast(44))
            {
                throw EngineErrors.Invalid("container.mount", "BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer");
            }
        }

        if (item.VolumeOptions is { Subpath.Length: > 0 } && !version.AtLeast(45))
        {
            throw EngineErrors.Invalid("container.mount", "VolumeOptions.Subpath needs API v1.45 or newer");
        }

        if (item.Type == "image" && !version.AtLeast(48))
        {
            throw EngineErrors.Invalid("container.mount", "Mount type \"Image\" needs API v1.48 or newer");
        }
    }

    private static MountSpec Bind(MountItem item, string target, ApiVersion version)
    {
        var source = item.Source ?? "";
        if (source.Length == 0)
        {
            throw Invalid(item, "field Source must not be empty");
        }

        var options = item.BindOptions;
        if (options?.Propagation is { Length: > 0 } propagation && !MountModes.IsPropagation(propagation))
        {
            throw Invalid(item, $"invalid propagation mode: {propagation}");
        }

        if (source[0] != '/')
        {
            throw Invalid(item, $"invalid mount path: '{source}' mount path must be absolute");
        }

        return new(MountKind.Bind, BindSyntax.Clean(source), target, item.ReadOnly)
        {
            CreateSource = options?.CreateMountpoint ?? false,
            Propagation = options?.Propagation ?? "",
            NonRecursive = options?.NonRecursive ?? false,
            ReadOnlyReach = options switch
            {
                { ReadOnlyNonRecursive: true, ReadOnlyForceRecursive: true } =>
                    throw EngineErrors.Invalid("container.mount", "mount options conflict: ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive"),
                { ReadOnlyNonRecursive: true } => ReadOnlyReach.TopOnly,
                { ReadOnlyForceRecursive: true } => ReadOnlyReach.Forced,
                _ => item.ReadOnly && !version.AtLeast(44) ? ReadOnlyReach.TopOnly : ReadOnlyReach.BestEffort,
            },
        };
    }

    private static MountSpec Volume(MountItem item, string target)
    {
        var options = item.VolumeOptions;
        CheckDriver(options?.DriverConfig?.Name);
        return new(MountKind.Volume, item.Source ?? "", target, item.ReadOnly)
        {
            NoCopy = options?.NoCopy ?? false,
            Subpath = options?.Subpath ?? "",
            VolumeLabels = options?.Labels is { Count: > 0 } labels ? labels : ImmutableDictionary<string, string>.Empty,
            VolumeOptions = options?.DriverConfig?.Options,
        };
    }

    private static MountSpec Tmpfs(MountItem item, string target)
    {
        if (!string.IsNullOrEmpty(item.Source))
        {
            throw Invalid(item, "field Source must not be specified");
        }

        var options = item.TmpfsOptions;
        return new(MountKind.Tmpfs, "", target, item.ReadOnly)
        {
            TmpfsSizeBytes = options?.SizeBytes ?? 0,
            TmpfsMode = options?.Mode ?? 0,
            TmpfsOptions = string.Join(',', (options?.Options ?? []).Select(option => option switch
            {
                ["exec" or "noexec"] => option[0],
                [_] or [_, _] => throw Invalid(item, $"invalid option: {option[0]}"),
                _ => throw Invalid(item, "invalid option array length"),
            })),
        };
    }

    private static MountSpec Image(MountItem item, string target) => string.IsNullOrEmpty(item.Source)
        ? throw Invalid(item, "field Source must not be empty")
        : new(MountKind.Image, item.Source, target, ReadOnly: true) { Subpath = item.ImageOptions?.Subpath ?? "" };

    private static string TmpfsTarget(string target) =>
        BindSyntax.Clean("/" + target) == "/" ? throw EngineErrors.Invalid("container.mount", "invalid specification: destination can't be '/'")
        : target[0] != '/' ? throw EngineErrors.Invalid("container.mount", $"invalid mount path: '{target}' mount path must be absolute")
        : BindSyntax.Clean(target);

    /// <summary>There is one driver of volumes.</summary>
    public static void CheckDriver(string? name)
    {
        if (name is not (null or "" or LocalDriver))
        {
            throw EngineErrors.Invalid("container.volume_driver", $"error looking up volume plugin {name}: plugin \"{name}\" not found");
        }
    }

    private static ErrorException Invalid(MountItem item, string reason) => EngineErrors.Invalid("container.mount", $"invalid mount config for type \"{item.Type}\": {reason}");
}
