using Portal.Domain.Primitives;
using Portal.Domain.Volumes;

namespace Portal.Runtime.Volumes;

/// <summary>What is stored of a volume: <c>volumes/&lt;name&gt;/volume.json</c>.</summary>
/// <param name="Name">Name.</param>
/// <param name="MountPoint">Path of the data.</param>
/// <param name="Created">UTC.</param>
/// <param name="Labels">Labels.</param>
/// <param name="Anonymous">Name was invented.</param>
/// <param name="Maker">The container it was made for, when nobody else knows its name.</param>
/// <param name="Options">Options of the driver as they were given; null for none.</param>
internal sealed record VolumeRecord(
    string Name, string MountPoint, DateTimeOffset Created, IReadOnlyDictionary<string, string> Labels, bool Anonymous, ContainerId? Maker = null,
    IReadOnlyDictionary<string, string>? Options = null)
{
    public VolumeSnapshot Snapshot => new(Name, MountPoint, Created, Labels, Anonymous) { Options = VolumeOptions.Of(Options) };

    public static VolumeRecord Of(VolumeSnapshot volume, ContainerId? maker) => new(volume.Name, volume.MountPoint, volume.Created, volume.Labels, volume.Anonymous, maker, volume.Options.Given);
}
