using System.Runtime.CompilerServices;
using Portal.Api.Http;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;

namespace Portal.Api.Adapters.Hosts;

/// <summary>Reads a host over the Engine API.</summary>
internal sealed class EngineUpstream(EngineCalls engine) : IHostUpstream
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(15);

    public async Task<HostDescription> DescribeAsync(HostId host, CancellationToken ct)
    {
        var info = await engine.ReadAsync(host, "info", EngineJson.Default.SystemInfo, s_limit, ct);
        try
        {
            var agent = await engine.ReadAsync(host, EngineApi.ControlPrefix + "/host", EngineJson.Default.ControlHost, s_limit, ct);
            return new(Printable.Of(agent.Hostname, 64), EngineViews.Facts(info, $"Portal {Printable.Of(agent.AgentVersion, 64)}"), HasStats: true);
        }
        catch (ErrorException ex) when (ex.Error.Kind == ErrorKind.NotFound)
        {
            return new(Printable.Of(info.Name, 64), EngineViews.Facts(info, $"Docker {Printable.Of(info.ServerVersion, 64)}"), HasStats: false);
        }
    }

    public async Task<IReadOnlyList<ContainerView>> ListAsync(HostId host, IReadOnlyCollection<ContainerId>? only, CancellationToken ct)
    {
        var filter = only is null ? "" : "&filters=" + Uri.EscapeDataString($$"""{"id":["{{string.Join("\",\"", only)}}"]}""");
        var list = await engine.ReadAsync(host, "containers/json?all=1" + filter, EngineJson.Default.ListContainerSummary, s_limit, ct);
        return [.. list.Select(summary => EngineViews.View(host, summary)).OfType<ContainerView>()];
    }

    public async Task<IAsyncEnumerable<ContainerId>> OpenEventsAsync(HostId host, CancellationToken ct)
    {
        var filter = Uri.EscapeDataString("""{"type":["container"]}""");
        var response = await engine.OpenAsync(host, HttpMethod.Get, "events?filters=" + filter, s_limit, ct);
        return ReadEventsAsync(response, ct);
    }

    public async IAsyncEnumerable<StatsSample> StatsAsync(HostId host, [EnumeratorCancellation] CancellationToken ct)
    {
        using var response = await engine.OpenAsync(host, HttpMethod.Get, EngineApi.ControlPrefix + "/stats", s_limit, ct);
        await using var body = await response.Content.ReadAsStreamAsync(ct);
        var rates = new StatsRates();
        await foreach (var batch in NdjsonReader.ReadAsync(body, EngineJson.Default.ControlStatsBatch, ct))
        {
            yield return rates.Next(batch);
        }
    }

    private static async IAsyncEnumerable<ContainerId> ReadEventsAsync(HttpResponseMessage response, [EnumeratorCancellation] CancellationToken ct)
    {
        using var _ = response;
        await using var body = await response.Content.ReadAsStreamAsync(ct);
        await foreach (var message in NdjsonReader.ReadAsync(body, EngineJson.Default.EventMessage, ct))
        {
            // Exec and health probes of a busy container would make us ask about it all the time, and change nothing in a list.
            if (message.Type == "container" && !message.Action.StartsWith("exec_", StringComparison.Ordinal)
                && ContainerId.TryParse(message.Actor?.ID, null, out var id))
            {
                yield return id;
            }
        }
    }
}
