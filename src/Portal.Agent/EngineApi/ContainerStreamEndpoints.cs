using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Portal.Agent.EngineApi.Streams;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Logs;
using Contract = Portal.Domain.Engine.EngineApi;

namespace Portal.Agent.EngineApi;

/// <summary>What of a container does not end by itself: logs, wait.</summary>
internal sealed class ContainerStreamEndpoints(IContainers containers)
{
    /// <summary>Stands for an exit code nobody knows.</summary>
    private const int LostExitCode = 255;

    public void Map(RouteTable routes)
    {
        routes.Get("containers/{id}/logs", LogsAsync);
        routes.Post("containers/{id}/wait", WaitAsync);
    }

    private async Task LogsAsync(EngineRequest request)
    {
        var container = containers.Resolve(request.Target);
        var (stdout, stderr) = (request.Flag("stdout"), request.Flag("stderr"));
        if (!stdout && !stderr)
        {
            throw EngineErrors.Invalid("logs.streams", "Bad parameters: you must choose at least one stream");
        }

        var query = new LogQuery(
            stdout, stderr, request.Flag("follow"), Tail(request.Query("tail")),
            EngineTime.ParseUnix(request.Query("since"), "since"), EngineTime.ParseUnix(request.Query("until"), "until"));
        var response = request.Http.Response;
        response.ContentType = !container.Spec.Tty && request.Version.AtLeast(42) ? Contract.MultiplexedStream : Contract.RawStream;
        await CopyLogAsync(response.BodyWriter, container, query, request.Flag("timestamps"), request.Flag("details"), request.Streaming);
    }

    private async Task CopyLogAsync(PipeWriter output, ContainerSnapshot container, LogQuery query, bool timestamps, bool details, CancellationToken ct)
    {
        var framed = !container.Spec.Tty;
        using var frames = new LogFrames(output, framed, timestamps, details ? Encoding.UTF8.GetBytes(LogDetails.Of(container)) : null);
        await LogCopy.RunAsync(containers, container, query, frames, output, framed, ct);
    }

    /// <summary>What is no number means all, and so does one below zero.</summary>
    private static int? Tail(string? text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var lines) && lines >= 0 ? (int)Math.Min(lines, int.MaxValue) : null;

    private async Task WaitAsync(EngineRequest request)
    {
        // Before 1.30 there was no condition, and 1.30 to 1.41 took an unknown one for the default.
        var condition = request.Query("condition") switch
        {
            null or "not-running" => WaitCondition.NotRunning,
            "next-exit" => WaitCondition.NextExit,
            "removed" => WaitCondition.Removed,
            _ when !request.Version.AtLeast(42) => WaitCondition.NotRunning,
            var unknown => throw EngineErrors.Invalid("container.wait_condition", $"invalid condition: \"{unknown}\""),
        };

        var ct = request.Streaming;
        var exit = containers.WaitAsync(containers.Resolve(request.Target).Id, condition, ct);
        if (exit.IsFaulted)
        {
            _ = await exit;
        }

        using var lines = await request.StartLinesAsync();
        var response = new ContainerWaitResponse();
        try
        {
            var (code, error) = await exit;
            response.StatusCode = code;

            // A start that failed is told by its own answer, and clients print what they find here as a second failure.
            // A code that was lost has no other place to say so.
            response.Error = error is null || (condition != WaitCondition.NotRunning && code != LostExitCode) ? null : new() { Message = error };
        }
        catch (ErrorException e)
        {
            (response.StatusCode, response.Error) = (-1, new() { Message = e.Message });
        }

        await lines.WriteAsync(response, EngineJson.Default.ContainerWaitResponse, ct);
    }
}
