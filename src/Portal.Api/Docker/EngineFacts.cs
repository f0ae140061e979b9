using Portal.Api.Hosts;
using Portal.Domain.Access;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>What engines say of themselves.</summary>
internal sealed class EngineFacts(EngineRequests engine)
{
    /// <summary>All of it that is of use.</summary>
    public async Task<Result<EngineDetail>> FindAsync(Actor actor, HostId host, CancellationToken ct)
    {
        var read = await engine.ReadAsync(actor, host, new("GetEngine", "GET", "info"), EngineJson.Default.SystemInfo, ct);
        if (read.Error is { } error)
        {
            return error;
        }

        var info = read.Value;
        return new EngineDetail(
            info.ServerVersion, info.OperatingSystem, info.KernelVersion, info.Architecture, info.NCPU, info.MemTotal, info.Containers, info.ContainersRunning, info.ContainersPaused,
            info.ContainersStopped, info.Images, info.Driver, info.LoggingDriver, info.CgroupDriver, info.CgroupVersion, info.DefaultRuntime,
            [.. (info.Runtimes ?? []).Keys.Order(StringComparer.Ordinal)], info.SecurityOptions ?? [], info.Plugins?.Network ?? [], info.Plugins?.Volume ?? [], info.Plugins?.Log ?? [], info.Labels ?? [],
            info.Warnings ?? []);
    }
}
