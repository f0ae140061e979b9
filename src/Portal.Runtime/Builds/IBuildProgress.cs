namespace Portal.Runtime.Builds;

/// <summary>
/// Hears how a build goes. Called from several threads when stages run in parallel. What it is told is the union of what the classic call's
/// text and BuildKit's status stream show.
/// </summary>
public interface IBuildProgress
{
    /// <summary>The steps of the plan, before the first is run.</summary>
    void Planned(IReadOnlyList<BuildStep> steps);

    void Started(BuildStep step);

    /// <summary>A command has a container to run in.</summary>
    /// <param name="step">Whose.</param>
    /// <param name="container">Short id.</param>
    void Running(BuildStep step, string container)
    {
    }

    /// <summary>Output of a command.</summary>
    /// <param name="step">Whose.</param>
    /// <param name="stream">1 for stdout, 2 for stderr.</param>
    /// <param name="content">Raw bytes, valid during the call.</param>
    void Output(BuildStep step, int stream, ReadOnlySpan<byte> content);

    /// <summary>Bytes moved for a step: a layer that is pulled, a context that is received.</summary>
    /// <param name="step">Whose.</param>
    /// <param name="item">What is moved.</param>
    /// <param name="current">Bytes so far.</param>
    /// <param name="total">Bytes in all; 0 when nobody knows.</param>
    /// <param name="done">It has come.</param>
    void Moved(BuildStep step, string item, long current, long total, bool done);

    void Completed(BuildStep step, BuildStepEnd end);
}

/// <summary>One node of the plan.</summary>
/// <param name="Id">Unique in the plan, stable for the same content.</param>
/// <param name="Name">As shown: <c>[build 2/5] RUN make</c>.</param>
/// <param name="Stage">Name or number of the stage; empty for none.</param>
/// <param name="Number">Instruction's number within the target's plan, from 1; 0 for steps that are none.</param>
/// <param name="Count">How many of those there are.</param>
/// <param name="Instruction">The instruction as Docker's classic builder shows it; empty for none.</param>
/// <param name="Line">Line of the Dockerfile, from 1; 0 for none.</param>
/// <param name="Inputs">Ids of the steps it needs.</param>
public sealed record BuildStep(string Id, string Name, string Stage, int Number, int Count, string Instruction, int Line, IReadOnlyList<string> Inputs)
{
    /// <summary>It changes the image's configuration and no file. BuildKit has no steps for such instructions.</summary>
    public bool IsConfiguration { get; init; }
}

/// <param name="Cached">Its result was there already.</param>
/// <param name="Error">Why it failed; null when it did not.</param>
/// <param name="ImageId">Short id of the intermediate result that the classic builder shows; empty for none.</param>
/// <param name="Container">Short id of the container that ran, or empty.</param>
public sealed record BuildStepEnd(bool Cached, string? Error, string ImageId, string Container)
{
    /// <summary>The failure itself, for front ends with words of their own; null where there is nothing more to say than <see cref="Error"/>.</summary>
    public BuildFailure? Failure { get; init; }
}
