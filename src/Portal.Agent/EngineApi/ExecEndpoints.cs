using Portal.Agent.EngineApi.Streams;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Runtime.Containers;
using Portal.Runtime.Exec;
using Portal.Runtime.Supervision;

namespace Portal.Agent.EngineApi;

/// <summary>Further processes in running containers.</summary>
internal sealed class ExecEndpoints(IContainers containers, IExecs execs)
{
    public void Map(RouteTable routes)
    {
        routes.Post("containers/{id}/exec", CreateAsync);
        routes.Post("exec/{id}/start", StartAsync);
        routes.Post("exec/{id}/resize", ResizeAsync);
        routes.Get("exec/{id}/json", Inspect);
    }

    private async Task CreateAsync(EngineRequest request)
    {
        var body = await request.RequireAsync(EngineBody.Strict.ExecCreateRequest);
        if (body.Cmd is not { Count: > 0 })
        {
            throw EngineErrors.Invalid("exec.command", "No exec command specified");
        }

        _ = DetachKeys.Parse(body.DetachKeys);
        var spec = new ExecSpec
        {
            Command = body.Cmd,
            Tty = body.Tty,
            AttachStdin = body.AttachStdin,
            AttachStdout = body.AttachStdout,
            AttachStderr = body.AttachStderr,
            Environment = body.Env ?? [],
            User = body.User,
            WorkingDirectory = body.WorkingDir,
            Privileged = body.Privileged,
            DetachKeys = body.DetachKeys ?? "",
            Size = Size(body.ConsoleSize),
        };
        var id = await execs.CreateAsync(containers.Resolve(request.Target).Id, spec, request.Aborted);
        await request.Json(new IdResponse { Id = id }, EngineJson.Default.IdResponse, StatusCodes.Status201Created);
    }

    private async Task StartAsync(EngineRequest request)
    {
        var body = await request.ReadAsync(EngineBody.Strict.ExecStartRequest) ?? new();
        var exec = execs.Get(request.Target);
        if (body.Detach)
        {
            await execs.StartDetachedAsync(exec.Id, request.Aborted);
            await request.Empty(StatusCodes.Status200OK);
            return;
        }

        var tty = exec.Spec.Tty;

        // The process runs on when its client leaves early, so the client's going away must not stop the start half-way.
        await using var session = await execs.StartAsync(exec.Id, Size(body.ConsoleSize), request.Stopping);
        var client = await Hijack.TakeAsync(request, framed: !tty);
        try
        {
            await new StdioRelay(client, session, framed: !tty, exec.Spec.AttachStdin, tty ? DetachKeys.Parse(exec.Spec.DetachKeys) : null).RunAsync(request.Stopping);
        }
        finally
        {
            Hijack.Leave(request.Http);
        }
    }

    private async Task ResizeAsync(EngineRequest request)
    {
        var (rows, columns) = ContainerEndpoints.Size(request);
        await execs.ResizeAsync(request.Target, rows, columns, request.Aborted);
        await request.Empty(StatusCodes.Status200OK);
    }

    private Task Inspect(EngineRequest request)
    {
        var exec = execs.Get(request.Target);
        var keys = string.IsNullOrEmpty(exec.Spec.DetachKeys) ? "" : Convert.ToBase64String(DetachKeys.Parse(exec.Spec.DetachKeys).Bytes);
        var user = string.IsNullOrEmpty(exec.Spec.User) ? containers.Resolve(exec.Container.Value).Effective.User : exec.Spec.User;
        return request.Json(
            new ExecInspect
            {
                ID = exec.Id,
                Running = exec.Running,
                ExitCode = exec.ExitCode,
                ProcessConfig = new()
                {
                    Tty = exec.Spec.Tty,
                    EntryPoint = exec.Spec.Command[0],
                    Arguments = [.. exec.Spec.Command.Skip(1)],
                    Privileged = exec.Spec.Privileged,
                    User = user,
                },
                OpenStdin = exec.Spec.AttachStdin,
                OpenStdout = exec.Spec.AttachStdout,
                OpenStderr = exec.Spec.AttachStderr,
                CanRemove = false,
                ContainerID = exec.Container.Value,
                DetachKeys = keys,
                Pid = exec.Pid,
            },
            EngineJson.Default.ExecInspect);
    }

    private static TerminalSize? Size(List<int>? size) => size switch
    {
        null or [] or [0, 0] => null,
        [> 0 and <= ushort.MaxValue and var rows, > 0 and <= ushort.MaxValue and var columns] => new(rows, columns),
        _ => throw EngineErrors.Invalid("terminal.size", $"invalid console size: [{string.Join(", ", size)}]"),
    };
}
