using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Exec;

namespace Portal.Runtime.Health;

/// <summary>
/// Health checks as execs in their containers: with the container's environment, user and working directory. Few are started at the same
/// moment, so that a host whose containers were all started together is not busy with nothing but checks of them.
/// </summary>
internal sealed class ExecProbes(ContainerExecs execs, TimeProvider time) : IProbes, IDisposable
{
    private const int CutOff = -1;

    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(30), s_dying = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _starting = new(Math.Max(2, Environment.ProcessorCount / 2));

    public async Task<ProbeRun> RunAsync(Container container, HealthSettings settings, CancellationToken ct)
    {
        await _starting.WaitAsync(ct).ConfigureAwait(false);
        var begun = time.GetUtcNow();
        ExecProcess? exec = null;
        Task reading;
        var output = new ProbeOutput();
        try
        {
            if (settings.Command.Count == 0)
            {
                return new(Failed(begun, $"healthcheck for container {container.Id} has no command"), Task.CompletedTask);
            }

            exec = execs.Prepare(container, new() { Command = settings.Command, AttachStdout = true, AttachStderr = true });
            reading = ReadAsync(await execs.RunAsync(exec).ConfigureAwait(false), output);
            await exec.StartedAsync(CancellationToken.None).WaitAsync(s_startLimit, time, ct).ConfigureAwait(false);
        }
        catch (Exception ex) when (ex is ErrorException or IOException)
        {
            exec?.Fail();
            return new(Failed(begun, ex.Message), Task.CompletedTask);
        }
        catch (TimeoutException)
        {
            execs.Kill(exec!);
            return new(Failed(begun, $"timed out starting health check for container {container.Id}"), exec!.Ended);
        }
        catch (OperationCanceledException)
        {
            execs.Kill(exec!);
            throw;
        }
        finally
        {
            _starting.Release();
        }

        return await FinishAsync(exec, reading, output, begun, settings.Timeout, ct).ConfigureAwait(false);
    }

    public void Dispose() => _starting.Dispose();

    private async Task<ProbeRun> FinishAsync(ExecProcess exec, Task reading, ProbeOutput output, DateTimeOffset begun, TimeSpan timeout, CancellationToken ct)
    {
        try
        {
            await reading.WaitAsync(timeout, time, ct).ConfigureAwait(false);
            await exec.Ended.ConfigureAwait(false);
            return exec.Failure is { } failure
                ? new(Failed(begun, failure.Trim()), exec.Ended)
                : new(new(begun, time.GetUtcNow(), exec.ExitCode ?? CutOff, output.ToString()), exec.Ended);
        }
        catch (TimeoutException)
        {
            execs.Kill(exec);

            // What it printed is complete when it is dead, which should be at once.
            await Task.WhenAny(reading, Task.Delay(s_dying, time, ct)).ConfigureAwait(false);
            var text = output.ToString();
            return new(Failed(begun, $"Health check exceeded timeout ({GoDuration.Format(timeout)}){(text.Length > 0 ? ": " + text : "")}"), exec.Ended);
        }
        catch (OperationCanceledException)
        {
            execs.Kill(exec);
            throw;
        }
    }

    private HealthProbe Failed(DateTimeOffset begun, string message) => new(begun, time.GetUtcNow(), CutOff, message);

    private static async Task ReadAsync(Supervision.IStdioSession session, ProbeOutput output)
    {
        await using (session.ConfigureAwait(false))
        {
            await foreach (var frame in session.ReadOutputAsync(CancellationToken.None).ConfigureAwait(false))
            {
                output.Add(frame.Data.Span);
            }
        }
    }
}
