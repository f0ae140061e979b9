using Portal.Domain.Hosts;

namespace Portal.Api.Hosts;

/// <summary>A host.</summary>
/// <param name="Id">Identity in the control plane.</param>
/// <param name="Name">The machine's host name.</param>
/// <param name="State"><c>connecting</c>, <c>connected</c> or <c>unreachable</c>.</param>
/// <param name="Since">When the state last changed (UTC).</param>
/// <param name="Problem">Why it is unreachable.</param>
/// <param name="Facts">What its engine said of the machine; null until first reached.</param>
public sealed record HostItem(string Id, string Name, string State, DateTimeOffset Since, string? Problem, HostFacts? Facts)
{
    internal static HostItem From(HostView host) => new(host.Id.Value, host.Name, Lower(host.State.ToString()), host.Since, host.Problem, host.Facts);

    private static string Lower(string name) => name.ToLowerInvariant();
}

/// <summary>What an engine says of itself.</summary>
/// <param name="Version">Its version.</param>
/// <param name="OperatingSystem">For instance <c>Debian GNU/Linux 12 (bookworm)</c>.</param>
/// <param name="KernelVersion">As <c>uname -r</c> says.</param>
/// <param name="Architecture">As <c>uname -m</c> says.</param>
/// <param name="Processors">Logical processors online.</param>
/// <param name="MemoryBytes">Physical memory.</param>
/// <param name="Containers">All of them.</param>
/// <param name="ContainersRunning">Of these, those that run.</param>
/// <param name="ContainersPaused">Those that stand still.</param>
/// <param name="ContainersStopped">Those that do not run.</param>
/// <param name="Images">Images in the store.</param>
/// <param name="StorageDriver">For instance <c>overlay2</c>.</param>
/// <param name="LogDriver">Where logs go when nothing else is said.</param>
/// <param name="CgroupDriver"><c>cgroupfs</c> or <c>systemd</c>.</param>
/// <param name="CgroupVersion"><c>1</c> or <c>2</c>.</param>
/// <param name="DefaultRuntime">The OCI runtime when nothing else is said.</param>
/// <param name="Runtimes">OCI runtimes.</param>
/// <param name="SecurityOptions">What keeps containers in.</param>
/// <param name="NetworkDrivers">Drivers of networks.</param>
/// <param name="VolumeDrivers">Drivers of volumes.</param>
/// <param name="LogDrivers">Drivers of logs.</param>
/// <param name="Labels">Labels of the engine.</param>
/// <param name="Warnings">What is not as it should be.</param>
public sealed record EngineDetail(
    string Version, string OperatingSystem, string KernelVersion, string Architecture, int Processors, long MemoryBytes, int Containers, int ContainersRunning, int ContainersPaused,
    int ContainersStopped, int Images, string StorageDriver, string LogDriver, string CgroupDriver, string CgroupVersion, string DefaultRuntime, IReadOnlyList<string> Runtimes,
    IReadOnlyList<string> SecurityOptions, IReadOnlyList<string> NetworkDrivers, IReadOnlyList<string> VolumeDrivers, IReadOnlyList<string> LogDrivers, IReadOnlyList<string> Labels,
    IReadOnlyList<string> Warnings);
