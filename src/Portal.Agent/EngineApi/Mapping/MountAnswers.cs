using Portal.Domain.Containers;
using Portal.Domain.Engine.Models;
using Portal.Runtime.Containers;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>Mounts in force, as answers show them.</summary>
internal static class MountAnswers
{
    private const string LocalDriver = "local";

    /// <summary>Mounts in force. What <c>--tmpfs</c> made is, as in Docker, none of them: HostConfig.Tmpfs tells of it.</summary>
    public static List<MountPoint> Show(IReadOnlyList<ResolvedMount> mounts) => [.. mounts.Where(mount => mount.Origin != MountOrigin.Tmpfs).Select(Show)];

    private static MountPoint Show(ResolvedMount mount) => mount.Kind switch
    {
        MountKind.Bind => new() { Type = "bind", Source = mount.Source, Destination = mount.Target, RW = !mount.ReadOnly, Mode = mount.Mode, Propagation = mount.Propagation.Length > 0 ? mount.Propagation : "rprivate" },
        MountKind.Volume => new()
        {
            Type = "volume",
            Name = mount.VolumeName,
            Source = mount.Source,
            Destination = mount.Target,
            Driver = LocalDriver,
            RW = !mount.ReadOnly,
            Mode = mount.Mode.Length == 0 && mount.Origin is MountOrigin.Binds or MountOrigin.Mounts ? "z" : mount.Mode,
        },
        MountKind.Tmpfs => new() { Type = "tmpfs", Destination = mount.Target, RW = !mount.ReadOnly },
        MountKind.Image => new() { Type = "image", Name = mount.ImageName, Source = mount.Source, Destination = mount.Target, RW = false, Propagation = "rprivate" },
    };
}
