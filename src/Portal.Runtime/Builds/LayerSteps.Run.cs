using System.Globalization;
using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Copying;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Builds.Running;

namespace Portal.Runtime.Builds;

internal sealed partial class LayerSteps
{
    private const string PipeFolder = "/dev/pipes/";

    /// <summary>RUN.</summary>
    public async Task<StepResult> RunAsync(StageState state, RunInstruction run)
    {
        var (command, script) = Command(state, run);
        var mounts = await MountsAsync(state, run).ConfigureAwait(false);

        // What ENV says goes before what an ARG of the same name has.
        KeyValuePair<string, string>[] arguments =
        [
            .. state.Arguments.Where(argument => argument.Value is not null).Select(argument => KeyValuePair.Create(argument.Key, argument.Value!)),
        ];
        string[] visible = [.. arguments.Where(argument => !IsSet(argument.Key)).Select(argument => $"{argument.Key}={argument.Value}")];
        var network = run.Network is null or "default" ? job.Request.Network : run.Network;
        var workdir = state.Config.WorkingDirectory.Length == 0 ? "/" : state.Config.WorkingDirectory;
        using var key = new CacheKey("run");
        key.Add(state.Key).Add(command).Add(script?.Content).Add(state.Config.Environment).Add(visible).Add(state.Config.User).Add(workdir).Add(network).Add(job.Request.ExtraHosts);
        foreach (var mount in mounts)
        {
            Add(key, mount);
        }

        var history = HistoryText.Run(
            run.Heredocs.Count > 0 && script is not null ? [.. run.Command.With(state.Shell)] : command,
            [.. state.Arguments.Select(argument => KeyValuePair.Create(argument.Key, Value(argument.Key) ?? argument.Value ?? ""))]);
        return await CachedAsync(state, key.Finish(), history, async _ =>
        {
            var prepared = new StepMounts(job.Scratch, job.Services.Mounts, job.Services.Layers, job.Services.Options.Mappings, job.Request.Secrets, job.Request.SshAgents);
            await using (prepared.ConfigureAwait(false))
            {
                await prepared.AddAsync(mounts, run.Line, job.Cancelled).ConfigureAwait(false);

                if (script is not null)
                {
                    prepared.AddFile(PipeFolder + script.Name, script.Content, 0x1ED);
                }

                string[] environment = [.. state.Config.Environment, .. visible, .. job.Variables.Proxies.Where(proxy => !IsSet(proxy.Key)).Select(proxy => $"{proxy.Key}={proxy.Value}")];
                var (layer, container) = await job.Services.Runs.RunAsync(
                    new(command, environment, state.Config.User, workdir, network, run.Line), job.Request, state.DiffIds, prepared, job.Hold,
                    new Told(job.Progress, step), job.Cancelled).ConfigureAwait(false);
                return (layer, container.Abbreviated);
            }
        }).ConfigureAwait(false);

        bool IsSet(string name) => Value(name) is not null;

        string? Value(string name) => state.Config.Environment.FirstOrDefault(entry => entry.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];
    }

    /// <summary>The arguments, and a file to run when the text that follows is a script of its own.</summary>
    private static (IReadOnlyList<string> Command, Heredoc? Script) Command(StageState state, RunInstruction run)
    {
        if (run.Heredocs.Count == 0)
        {
            return (run.Command.With(state.Shell), null);
        }

        var line = run.Command.Arguments[0];
        if (run.Heredocs.Count == 1 && Heredoc.TryParse(line.Trim()) is not null)
        {
            var text = run.Heredocs[0].Text;
            if (text.StartsWith("#!", StringComparison.Ordinal))
            {
                var name = run.Heredocs[0].Name.Replace('/', '_');
                return ([PipeFolder + name], run.Heredocs[0] with { Name = name, Content = text, Chomps = false });
            }

            return ([.. state.Shell, text], null);
        }

        // Several, or a command before them: they are the shell's.
        var whole = new StringBuilder(line);
        foreach (var heredoc in run.Heredocs)
        {
            whole.Append('\n').Append(heredoc.Content).Append(heredoc.Name);
        }

        return ([.. state.Shell, whole.ToString()], null);
    }

    private async Task<List<StepMount>> MountsAsync(StageState state, RunInstruction run)
    {
        var mounts = new List<StepMount>();
        foreach (var mount in run.Mounts)
        {
            var source = mount.Source is null ? null : Word(state, mount.Source, run.Line);
            var id = mount.Id is null ? null : Word(state, mount.Id, run.Line);
            var target = mount.Target is null ? null : Word(state, mount.Target, run.Line);
            switch (mount.Kind)
            {
                case RunMountKind.Secret:
                    id ??= source ?? System.IO.Path.GetFileName(target)!;
                    target ??= mount.Variable is null ? "/run/secrets/" + System.IO.Path.GetFileName(id) : "";
                    break;
                case RunMountKind.Ssh:
                    id = string.IsNullOrEmpty(id) ? "default" : id;
                    target ??= $"/run/buildkit/ssh_agent.{mounts.Count(other => other.Mount.Kind == RunMountKind.Ssh).ToString(CultureInfo.InvariantCulture)}";
                    break;
                case RunMountKind.Cache:
                    id = string.IsNullOrEmpty(id) ? Absolute(state, target!) : id;
                    break;
                default:
                    id ??= "";
                    break;
            }

            var absolute = string.IsNullOrEmpty(target) ? "" : Absolute(state, target);
            if (absolute == "/")
            {
                throw Failed(run.Line, $"invalid mount target \"{mount.Target}\"");
            }

            // A cache without a source of its own begins empty.
            var tree = mount.Kind switch
            {
                RunMountKind.Bind when mount.From is null => await job.ContextAsync().ConfigureAwait(false),
                RunMountKind.Bind or RunMountKind.Cache when mount.From is not null => await job.SourceAsync(mount.From, stage.Index, state.Platform, step).ConfigureAwait(false),
                _ => null,
            };
            mounts.Add(new(mount, absolute, tree, SourceTree.Clean(source ?? ""), id));
        }

        return mounts;
    }

    /// <summary>Values of secrets, and what is in caches, are none of a key.</summary>
    private void Add(CacheKey key, StepMount mount)
    {
        key.Add(mount.Mount.Kind.ToString()).Add(mount.Target).Add(mount.Mount.ReadOnly?.ToString()).Add(mount.Mount.Variable);
        switch (mount.Mount.Kind)
        {
            case RunMountKind.Bind:
                if (mount.Source!.Tree.TryOpen(mount.Path, followLast: true, out var node) != 0)
                {
                    throw Failed(step.Line, $"failed to compute cache key: \"/{mount.Path}\": not found");
                }

                using (node)
                {
                    // What a step reads of it nobody knows: all of it counts.
                    key.Add(mount.Source.Key is { } known && mount.Path.Length == 0 ? Encoding.ASCII.GetBytes(known) : ContentDigest.Of(mount.Source.Tree, mount.Path, node!, new([]), job.Cancelled));
                }

                break;
            case RunMountKind.Cache:
                key.Add(mount.Id).Add(mount.Source?.Key);
                break;
            default:
                key.Add(mount.Id);
                break;
        }
    }

    private sealed class Told(IBuildProgress progress, BuildStep step) : IStepOutput
    {
        public void Running(ContainerId container) => progress.Running(step, container.Abbreviated);

        public void Write(int stream, ReadOnlySpan<byte> content) => progress.Output(step, stream, content);
    }
}
