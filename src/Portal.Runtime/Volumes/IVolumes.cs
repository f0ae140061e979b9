using Portal.Domain.Volumes;

namespace Portal.Runtime.Volumes;

/// <param name="Name">Name.</param>
/// <param name="MountPoint">Path of the data on the host.</param>
/// <param name="Created">UTC.</param>
/// <param name="Labels">Labels.</param>
/// <param name="Anonymous">Name was invented.</param>
public sealed record VolumeSnapshot(string Name, string MountPoint, DateTimeOffset Created, IReadOnlyDictionary<string, string> Labels, bool Anonymous)
{
    /// <summary>What is mounted in its place.</summary>
    public VolumeOptions Options { get; init; } = VolumeOptions.None;
}

/// <summary>Local volumes: named folders that outlive containers.</summary>
public interface IVolumes
{
    IReadOnlyList<VolumeSnapshot> List();

    /// <summary>Finds by name. 404 <c>get x: no such volume</c>.</summary>
    VolumeSnapshot Resolve(string name);

    /// <summary>Makes one, or answers the one of that name, whatever its labels and options. Null invents a 64-hex name (anonymous).</summary>
    /// <param name="name">Name.</param>
    /// <param name="labels">Labels.</param>
    /// <param name="options">Options of the driver; null for none.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="Domain.Primitives.ErrorException">400: a bad name or option.</exception>
    Task<VolumeSnapshot> CreateAsync(string? name, IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string>? options, CancellationToken ct);

    /// <summary>Removes one. 409 while a container uses it; absent is 404 unless <paramref name="force"/>.</summary>
    Task RemoveAsync(string name, bool force, CancellationToken ct);
}
