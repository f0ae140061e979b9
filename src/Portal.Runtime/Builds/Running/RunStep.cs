using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;
using Portal.Runtime.Logs;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Builds.Running;

/// <summary>What a RUN is to run.</summary>
/// <param name="Command">Arguments.</param>
/// <param name="Environment">Complete, but for what mounts give.</param>
/// <param name="User">As USER says.</param>
/// <param name="WorkingDirectory">Absolute.</param>
/// <param name="Network">Network mode.</param>
/// <param name="Line">Of the instruction.</param>
internal sealed record RunCommand(IReadOnlyList<string> Command, IReadOnlyList<string> Environment, string User, string WorkingDirectory, string Network, int Line);

/// <summary>Hears how a command goes.</summary>
internal interface IStepOutput
{
    /// <summary>It has a container.</summary>
    void Running(ContainerId container);

    /// <summary>It wrote something: 1 for stdout, 2 for stderr.</summary>
    void Write(int stream, ReadOnlySpan<byte> content);
}

/// <summary>Runs commands of builds in containers that nobody else sees, and makes layers of what they wrote.</summary>
internal sealed class RunStep(ContainerLifecycle containers, ILayerStore layers, ImageStore images, TimeProvider time)
{
    /// <summary>Runs one.</summary>
    /// <param name="run">The command.</param>
    /// <param name="request">Limits and such.</param>
    /// <param name="below">Layers it sees, lowest first.</param>
    /// <param name="mounts">Its mounts.</param>
    /// <param name="hold">Keeps the layer.</param>
    /// <param name="output">Hears what it writes.</param>
    /// <param name="ct">Ends it; nothing is left.</param>
    /// <returns>Its layer, null when it changed nothing; and the container's id.</returns>
    /// <exception cref="ErrorException">It ended with another status than 0, or could not be run.</exception>
    public async Task<(Digest? Layer, ContainerId Container)> RunAsync(
        RunCommand run, BuildRequest request, IReadOnlyList<Digest> below, StepMounts mounts, ImageHold hold, IStepOutput output, CancellationToken ct)
    {
        var spec = new ContainerSpec
        {
            Image = "build step",
            Command = run.Command,
            Environment = [.. run.Environment, .. mounts.Environment],
            SecretEnvironment = mounts.SecretEnvironment,
            User = run.User,
            WorkingDirectory = run.WorkingDirectory,
            NetworkMode = run.Network,
            ExtraHosts = request.ExtraHosts,
            Resources = request.Resources,
            Ulimits = request.Ulimits,
            ShmSizeBytes = request.ShmSizeBytes,
            CgroupParent = request.CgroupParent,
            Mounts = mounts.Specs,
            Log = new(LogDrivers.None, new Dictionary<string, string>()),
        };
        var root = new StepRoot(Digest.Of(System.Text.Encoding.ASCII.GetBytes(string.Join(' ', below))), below);
        ContainerSnapshot container;
        try
        {
            container = await containers.CreateBuildStepAsync(spec, root, ct).ConfigureAwait(false);
        }
        catch (ErrorException e)
        {
            throw new BuildFailure(e.Error, run.Line, e);
        }

        var keep = false;
        try
        {
            output.Running(container.Id);
            MountStubs stubs;
            using (var look = layers.Look(container.Id))
            {
                stubs = new(look.Root, mounts.Specs.Select(mount => mount.Target));
            }

            var exit = await RunToEndAsync(container.Id, run, output, ct).ConfigureAwait(false);
            if (exit.ExitCode != 0)
            {
                keep = request.KeepContainers;
                throw Failed(run, exit);
            }

            var stack = layers.Stack(container.Id);
            stubs.Clear(stack);
            var layer = await images.AddLayerAsync(
                below, tar => LayerArchive.Write(new LayerDiff(stack, System.Environment.IsPrivilegedProcess), tar, time.GetUtcNow(), ct), hold, ct).ConfigureAwait(false);
            return (layer, container.Id);
        }
        finally
        {
            if (keep)
            {
                await containers.RevealAsync(container.Id).ConfigureAwait(false);
            }
            else
            {
                await containers.RemoveAsync(container.Id, force: true, removeVolumes: true, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task<ContainerExit> RunToEndAsync(ContainerId id, RunCommand run, IStepOutput output, CancellationToken ct)
    {
        await using var session = await containers.AttachAsync(id, new(Stdin: false, Stdout: true, Stderr: true), ct).ConfigureAwait(false);
        var ended = containers.WaitAsync(id, WaitCondition.NextExit, CancellationToken.None);
        var reading = ReadAsync();
        try
        {
            await containers.StartAsync(id, ct).ConfigureAwait(false);
        }
        catch (ErrorException e)
        {
            throw new BuildFailure(e.Error, run.Line, e) { Command = string.Join(' ', run.Command) };
        }

        var exit = await ended.WaitAsync(ct).ConfigureAwait(false);
        await reading.WaitAsync(ct).ConfigureAwait(false);
        return exit;

        async Task ReadAsync()
        {
            await foreach (var frame in session.ReadOutputAsync(CancellationToken.None).ConfigureAwait(false))
            {
                output.Write(frame.Stream == StdioStream.Stderr ? 2 : 1, frame.Data.Span);
            }
        }
    }

    private static BuildFailure Failed(RunCommand run, ContainerExit exit)
    {
        var command = string.Join(' ', run.Command);
        return new(new(ErrorKind.Internal, "build.command", $"The command '{command}' returned a non-zero code: {exit.ExitCode}"), run.Line) { Command = command, ExitCode = exit.ExitCode };
    }
}
