using System.Security.Cryptography;
using System.Text.Json;
using Portal.Domain.Containers;

namespace Portal.Api.Containers;

/// <summary>A container in a list.</summary>
/// <param name="Host">The host it is on.</param>
/// <param name="Id">Full id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Image">As given at creation.</param>
/// <param name="State"><c>created</c>, <c>running</c>, <c>paused</c>, <c>restarting</c>, <c>removing</c>, <c>exited</c> or <c>dead</c>.</param>
/// <param name="Status">The engine's sentence, for instance <c>Up 3 minutes</c>.</param>
/// <param name="Created">UTC.</param>
/// <param name="Ports">Exposed and published ports.</param>
/// <param name="Networks">Names of the networks that it is in.</param>
/// <param name="Labels">Labels.</param>
public sealed record ContainerItem(
    string Host, string Id, string Name, string Image, string State, string Status, DateTimeOffset Created,
    IReadOnlyList<PortView> Ports, IReadOnlyList<string> Networks, IReadOnlyDictionary<string, string> Labels)
{
    internal static ContainerItem From(ContainerView view) => new(
        view.Host.Value, view.Id.Value, view.Name, view.Image, view.State.ToString().ToLowerInvariant(), view.Status, view.Created, view.Ports, view.Networks, view.Labels);
}

/// <summary>Everything known of one container.</summary>
/// <param name="Container">As in the list.</param>
/// <param name="Command">Entry point and arguments.</param>
/// <param name="Environment"><c>NAME=value</c> lines.</param>
/// <param name="Mounts">What is mounted where.</param>
/// <param name="Networks">Attached networks.</param>
/// <param name="RestartPolicy">For instance <c>no</c> or <c>unless-stopped</c>.</param>
/// <param name="MemoryLimitBytes">0 for none.</param>
/// <param name="CpuLimit">In processors; 0 for none.</param>
/// <param name="StartedAt">UTC; null when never started.</param>
/// <param name="FinishedAt">UTC; null when never ended.</param>
/// <param name="ExitCode">Of the last run; null when it has not ended.</param>
/// <param name="OomKilled">The kernel ended it for memory.</param>
/// <param name="Problem">The engine's error text of the last start.</param>
/// <param name="Resources">All limits and reservations.</param>
public sealed record ContainerDetail(
    ContainerItem Container, IReadOnlyList<string> Command, IReadOnlyList<string> Environment, IReadOnlyList<MountView> Mounts, IReadOnlyList<ContainerNetworkView> Networks,
    string RestartPolicy, long MemoryLimitBytes, double CpuLimit, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, int? ExitCode, bool OomKilled, string? Problem, ContainerLimits Resources)
{
    /// <summary>Stands for what of it can be changed: another when that is another.</summary>
    internal long Version => BitConverter.ToInt64(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new { Container.Id, RestartPolicy, Resources }))) & long.MaxValue;

    internal static ContainerDetail From(ContainerDetails details) => new(
        ContainerItem.From(details.View), details.Command, details.Environment, details.Mounts, details.Networks, details.RestartPolicy,
        details.MemoryLimitBytes, details.CpuLimit, details.StartedAt, details.FinishedAt, details.ExitCode, details.OomKilled, details.Problem, ContainerLimits.From(details.Resources));
}

/// <summary>A sample of one container.</summary>
/// <param name="Id">Full id.</param>
/// <param name="Time">When it was taken (UTC, the host's clock).</param>
/// <param name="CpuPercent">100 is one processor fully used.</param>
/// <param name="MemoryBytes">Usage without inactive page cache.</param>
/// <param name="MemoryLimitBytes">The limit, or the host's memory when there is none.</param>
/// <param name="NetworkReceiveRate">Bytes per second.</param>
/// <param name="NetworkTransmitRate">Bytes per second.</param>
/// <param name="BlockReadRate">Bytes per second.</param>
/// <param name="BlockWriteRate">Bytes per second.</param>
/// <param name="Pids">Processes and threads.</param>
public sealed record ContainerSample(
    string Id, DateTimeOffset Time, double CpuPercent, long MemoryBytes, long MemoryLimitBytes,
    double NetworkReceiveRate, double NetworkTransmitRate, double BlockReadRate, double BlockWriteRate, long Pids)
{
    internal static ContainerSample From(ContainerStats stats) => new(
        stats.Id.Value, stats.Time, stats.CpuPercent, stats.MemoryBytes, stats.MemoryLimitBytes,
        stats.NetworkReceiveRate, stats.NetworkTransmitRate, stats.BlockReadRate, stats.BlockWriteRate, stats.Pids);
}

/// <summary>Processes of a container, as <c>ps</c> prints them on the host.</summary>
/// <param name="Titles">What the columns are.</param>
/// <param name="Processes">A line for each.</param>
public sealed record ContainerProcesses(IReadOnlyList<string> Titles, IReadOnlyList<IReadOnlyList<string>> Processes);

/// <summary>What was done to a file.</summary>
public enum FileChangeKind
{
    /// <summary>It, or what is in it, is another.</summary>
    Modified,

    /// <summary>It is new.</summary>
    Added,

    /// <summary>It is gone.</summary>
    Deleted,
}

/// <summary>A file of a container that is not as in its image.</summary>
/// <param name="Path">Where.</param>
/// <param name="Kind">What was done to it.</param>
public sealed record ContainerFileChange(string Path, FileChangeKind Kind);
