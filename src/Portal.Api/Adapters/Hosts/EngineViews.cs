using System.Globalization;
using Portal.Domain.Containers;
using Portal.Domain.Engine.Mapping;
using Portal.Domain.Engine.Models;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Adapters.Hosts;

/// <summary>Maps the engine's wire types to what people see. The engine is not trusted: anything may be missing.</summary>
internal static class EngineViews
{
    public static HostFacts Facts(SystemInfo info, string engine) => new(
        engine, info.OperatingSystem, info.KernelVersion, info.Architecture, info.NCPU, info.MemTotal, info.CgroupVersion, info.Images);

    /// <summary>Null for an entry without a proper id.</summary>
    public static ContainerView? View(HostId host, ContainerSummary summary) => !ContainerId.TryParse(summary.Id, null, out var id) ? null : new(
        host, id, NameOf(summary.Names is { Count: > 0 } names ? names.FirstOrDefault(name => name.LastIndexOf('/') <= 0, names[0]) : id.Abbreviated),
        summary.Image ?? "", State(summary.State), summary.Status ?? "", DateTimeOffset.FromUnixTimeSeconds(summary.Created), Ports(summary.Ports), summary.Labels ?? [])
    {
        Networks = [.. (summary.NetworkSettings?.Networks ?? []).Keys.Order(StringComparer.Ordinal)],
    };

    public static ContainerDetails Details(HostId host, ContainerId id, ContainerInspect inspect)
    {
        var (state, limits) = (inspect.State ?? new(), inspect.HostConfig ?? new());
        var (started, finished) = (EngineTime.Parse(state.StartedAt), EngineTime.Parse(state.FinishedAt));
        var kind = State(state.Status);
        var ended = kind is ContainerState.Exited or ContainerState.Dead && finished is not null;
        var view = new ContainerView(
            host, id, NameOf(inspect.Name), inspect.Config?.Image ?? inspect.Image ?? "", kind, Sentence(kind, state.ExitCode, started), EngineTime.Parse(inspect.Created) ?? default,
            Ports(inspect.NetworkSettings?.Ports), inspect.Config?.Labels ?? [])
        {
            Networks = [.. (inspect.NetworkSettings?.Networks ?? []).Keys.Order(StringComparer.Ordinal)],
        };
        return new(
            view, [inspect.Path ?? "", .. inspect.Args ?? []], inspect.Config?.Env ?? [],
            [.. (inspect.Mounts ?? []).Select(mount => new MountView(mount.Type ?? "", mount.Name ?? mount.Source ?? "", mount.Destination ?? "", !mount.RW))],
            [.. (inspect.NetworkSettings?.Networks ?? []).Select(network => new ContainerNetworkView(
                network.Key, NullIfEmpty(network.Value?.IPAddress), NullIfEmpty(network.Value?.Gateway), NullIfEmpty(network.Value?.MacAddress)))],
            Restart(limits.RestartPolicy), limits.Memory, Cpus(limits), started, finished, ended ? state.ExitCode : null, state.OOMKilled, NullIfEmpty(state.Error))
        {
            Resources = ResourceMapping.Map(limits),
        };
    }

    public static ContainerState State(string? text) => text switch
    {
        "running" => ContainerState.Running,
        "paused" => ContainerState.Paused,
        "restarting" => ContainerState.Restarting,
        "removing" => ContainerState.Removing,
        "exited" or "stopped" => ContainerState.Exited,
        "dead" => ContainerState.Dead,
        _ => ContainerState.Created,
    };

    private static string NameOf(string? name) => (name ?? "").TrimStart('/');

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static string Sentence(ContainerState state, int exitCode, DateTimeOffset? started) => state switch
    {
        ContainerState.Exited => $"Exited ({exitCode})",
        ContainerState.Running when started is { } at => $"Up since {at:yyyy-MM-dd HH:mm:ss} UTC",
        _ => state.ToString(),
    };

    private static string Restart(RestartPolicyConfig? policy) => policy switch
    {
        null or { Name: null or "" } => "no",
        { MaximumRetryCount: > 0 } => $"{policy.Name}:{policy.MaximumRetryCount}",
        _ => policy.Name,
    };

    private static double Cpus(HostConfig limits) => limits switch
    {
        { NanoCpus: > 0 } => limits.NanoCpus / 1e9,
        { CpuQuota: > 0 } => limits.CpuQuota / (double)(limits.CpuPeriod > 0 ? limits.CpuPeriod : 100_000),
        _ => 0,
    };

    private static List<PortView> Ports(List<PortItem>? ports) =>
        [.. (ports ?? []).Select(port => new PortView(port.PrivatePort, port.Type ?? "tcp", port.PublicPort is null ? null : port.IP ?? "", port.PublicPort)).Distinct()];

    private static List<PortView> Ports(Dictionary<string, List<PortBindingItem>?>? ports)
    {
        var views = new List<PortView>();
        foreach (var (key, bindings) in ports ?? [])
        {
            var parts = key.Split('/');
            if (!int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var inside))
            {
                continue;
            }

            var protocol = parts.Length > 1 ? parts[1] : "tcp";
            if (bindings is not { Count: > 0 })
            {
                views.Add(new(inside, protocol, null, null));
            }

            foreach (var binding in bindings ?? [])
            {
                views.Add(new(inside, protocol, binding.HostIp ?? "", int.TryParse(binding.HostPort, NumberStyles.None, CultureInfo.InvariantCulture, out var outside) ? outside : null));
            }
        }

        return views;
    }
}
