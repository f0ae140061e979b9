using System.IO.Pipelines;
using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Logs;
using Portal.Runtime.Supervision;

namespace Portal.Agent.EngineApi.Streams;

/// <summary>A container's log, sent to a client.</summary>
internal static class LogCopy
{
    /// <summary>Sends it. What is wrong before the first byte is thrown; after that it goes where the lines go.</summary>
    /// <param name="containers">Has the log.</param>
    /// <param name="container">Whose it is.</param>
    /// <param name="query">What of it is wanted.</param>
    /// <param name="frames">The client.</param>
    /// <param name="output">The client's raw connection, which <paramref name="frames"/> writes to.</param>
    /// <param name="framed">Whether it does so in frames.</param>
    /// <param name="ct">Ends it.</param>
    public static async Task RunAsync(
        IContainers containers, ContainerSnapshot container, LogQuery query, LogFrames frames, PipeWriter output, bool framed, CancellationToken ct)
    {
        var reading = containers.ReadLogAsync(container.Id, query, frames, ct);
        try
        {
            await reading;
        }
        catch (ErrorException e)
        {
            StdioFrames.Write(output, StdioStream.Engine, [], Encoding.UTF8.GetBytes(framed ? e.Message : e.Message + "\r\n"), framed);
            _ = await output.FlushAsync(ct);
        }
    }
}
