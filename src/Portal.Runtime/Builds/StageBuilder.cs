using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Images;

namespace Portal.Runtime.Builds;

/// <summary>Follows the instructions of one stage.</summary>
internal sealed class StageBuilder(BuildJob job, PlannedStage stage)
{
    public async Task<StageState> RunAsync()
    {
        var state = await StepAsync(-1, BeginAsync).ConfigureAwait(false);
        for (var i = 0; i < stage.Stage.Instructions.Count; i++)
        {
            var (before, instruction) = (state, stage.Stage.Instructions[i]);
            state = await StepAsync(i, step => DoAsync(before, instruction, step)).ConfigureAwait(false);
        }

        return state;
    }

    /// <summary>Does a step and tells how it goes.</summary>
    private async Task<StageState> StepAsync(int index, Func<BuildStep, Task<StepResult>> work)
    {
        job.Cancelled.ThrowIfCancellationRequested();
        var step = job.Steps.Of(stage, index);
        job.Progress.Started(step);
        try
        {
            var result = await work(step).ConfigureAwait(false);
            job.Progress.Completed(step, new(result.Cached, null, ShortId(result.State), result.Container));
            return result.State;
        }
        catch (Exception e)
        {
            job.Progress.Completed(step, new(false, e is OperationCanceledException ? "context canceled" : e.Message, "", "") { Failure = e as BuildFailure });
            throw e is ErrorException known and not BuildFailure ? new BuildFailure(known.Error, step.Line, known) : e is OperationCanceledException or ErrorException ? e : Unexpected(e, step);
        }
    }

    private async Task<StepResult> BeginAsync(BuildStep step)
    {
        var state = await job.BaseAsync(stage, step).ConfigureAwait(false);
        var config = state.Config;
        if (!config.Environment.Any(variable => variable.StartsWith("PATH=", StringComparison.Ordinal)))
        {
            state = state with { Config = config with { Environment = [.. config.Environment, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] } };
        }

        var triggers = state.Triggers;
        if (triggers.Count > 0)
        {
            job.Progress.Output(step, 1, System.Text.Encoding.UTF8.GetBytes(triggers.Count == 1 ? "# Executing 1 build trigger\n" : $"# Executing {triggers.Count} build triggers\n"));
            state = state with { Triggers = [] };
            foreach (var trigger in triggers)
            {
                state = (await DoAsync(state, DockerfileParser.ParseTrigger(trigger, stage.Stage.Line), step).ConfigureAwait(false)).State;
            }
        }

        return new(state, Cached: false, "");
    }

    private async Task<StepResult> DoAsync(StageState state, Instruction instruction, BuildStep step)
    {
        if (ConfigStep.TryApply(state, instruction, job.Variables) is { } configured)
        {
            return new(configured, Cached: false, "");
        }

        var layers = new LayerSteps(job, stage, step);
        return instruction switch
        {
            WorkdirInstruction workdir => await layers.WorkdirAsync(state, workdir).ConfigureAwait(false),
            CopyInstruction copy => await layers.CopyAsync(state, copy).ConfigureAwait(false),
            RunInstruction run => await layers.RunAsync(state, run).ConfigureAwait(false),
            _ => throw new InvalidOperationException($"{instruction.GetType().Name} is no instruction."),
        };
    }

    /// <summary>What would be the image's id if it ended here.</summary>
    private string ShortId(StageState state) => Digest.Of(ImageDocument.BuiltConfig(BuiltImage.Of(state, job.Request.Labels, DateTimeOffset.UnixEpoch))).Hex[..12];

    private static BuildFailure Unexpected(Exception e, BuildStep step) => new(new(ErrorKind.Internal, "build.failed", e.Message), step.Line, e);
}

/// <param name="State">What the stage is now.</param>
/// <param name="Cached">It was there already.</param>
/// <param name="Container">Short id of the container that ran; empty for none.</param>
internal sealed record StepResult(StageState State, bool Cached, string Container);
