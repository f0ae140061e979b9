using System.Globalization;
using System.Runtime.CompilerServices;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Adapters.Hosts;

/// <summary>Reads engines over the Engine API. Paths carry no version: each engine then speaks its own newest.</summary>
internal sealed class EngineHostGateway(EngineCalls engine) : IHostGateway
{
    private const int LongestBatch = 512;
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(15);

    public async Task<Result<ContainerDetails>> InspectAsync(HostId host, ContainerId container, CancellationToken ct)
    {
        try
        {
            return EngineViews.Details(host, container, await engine.ReadAsync(host, $"containers/{container}/json", EngineJson.Default.ContainerInspect, s_short, ct));
        }
        catch (ErrorException ex)
        {
            return ex.Error;
        }
    }

    public async IAsyncEnumerable<IReadOnlyList<LogLine>> LogsAsync(HostId host, ContainerId container, LogRequest request, [EnumeratorCancellation] CancellationToken ct)
    {
        var path = $"containers/{container}/logs?stdout=1&stderr=1&timestamps=1&follow={Flag(request.Follow)}&tail={request.Tail?.ToString(CultureInfo.InvariantCulture) ?? "all"}";
        if (request.Since is { } since)
        {
            var ticks = since.UtcTicks - DateTime.UnixEpoch.Ticks;
            path += string.Create(CultureInfo.InvariantCulture, $"&since={ticks / TimeSpan.TicksPerSecond}.{ticks % TimeSpan.TicksPerSecond * 100:D9}");
        }

        using var response = await engine.OpenAsync(host, HttpMethod.Get, path, s_short, ct);
        var framed = response.Content.Headers.ContentType?.MediaType == EngineApi.MultiplexedStream || !await HasTerminalAsync(host, container, ct);

        await using var body = await response.Content.ReadAsStreamAsync(ct);
        var demultiplexer = new LogDemultiplexer(framed);
        var buffer = new byte[32 * 1024];
        var lines = new List<LogLine>();
        while (true)
        {
            int read;
            try
            {
                read = await body.ReadAsync(buffer, ct);
            }
            catch (Exception ex) when (!ct.IsCancellationRequested && EngineCalls.Explain(host, ex) is { } error)
            {
                throw new ErrorException(error, ex);
            }

            if (read == 0)
            {
                demultiplexer.Complete(lines);
            }
            else
            {
                demultiplexer.Append(buffer.AsSpan(0, read), lines);
            }

            foreach (var batch in lines.Chunk(LongestBatch))
            {
                yield return batch;
            }

            lines.Clear();
            if (read == 0)
            {
                yield break;
            }
        }
    }

    /// <summary>Before API 1.42 the answer's type does not tell framed from raw; only the container knows.</summary>
    private async Task<bool> HasTerminalAsync(HostId host, ContainerId container, CancellationToken ct) =>
        (await engine.ReadAsync(host, $"containers/{container}/json", EngineJson.Default.ContainerInspect, s_short, ct)).Config?.Tty == true;

    private static char Flag(bool value) => value ? '1' : '0';
}
