using Portal.Runtime.Builds.Dockerfiles;

namespace Portal.Runtime.Builds;

/// <summary>The steps of a plan as progress shows them. Pure.</summary>
internal sealed class BuildSteps
{
    private readonly Dictionary<(int Stage, int Instruction), BuildStep> _steps = [];

    public BuildSteps(BuildPlan plan)
    {
        var count = plan.Stages.Sum(stage => stage.Stage.Instructions.Count + 1);
        var number = 0;
        foreach (var stage in plan.Stages)
        {
            // As BuildKit counts: FROM, and what makes files.
            var shown = stage.Stage.Instructions.Count(IsFileStep) + 1;
            var at = 1;
            var before = Add(stage, -1, stage.Stage.Text, $"[{Label(plan, stage)}{at}/{shown}] {stage.Stage.Text}", stage.Stage.Line, ++number, count, stage.BaseStage is { } below ? [Last(plan, below).Id] : []);
            for (var i = 0; i < stage.Stage.Instructions.Count; i++)
            {
                var instruction = stage.Stage.Instructions[i];
                at += IsFileStep(instruction) ? 1 : 0;
                IEnumerable<string> from = instruction switch
                {
                    CopyInstruction { From: { } name } => [name],
                    RunInstruction run => run.Mounts.Select(mount => mount.From).OfType<string>(),
                    _ => [],
                };
                var others = from.Select(name => plan.Stages.FirstOrDefault(other => other.Index < stage.Index && (name.Equals(other.Stage.Name, StringComparison.OrdinalIgnoreCase) || other.Index.ToString(System.Globalization.CultureInfo.InvariantCulture) == name)))
                    .OfType<PlannedStage>().Select(other => Last(plan, other.Index).Id);
                before = Add(stage, i, instruction.Text, $"[{Label(plan, stage)}{at}/{shown}] {instruction.Text}", instruction.Line, ++number, count, [before.Id, .. others]);
            }
        }
    }

    public IReadOnlyList<BuildStep> All => [.. _steps.Values.OrderBy(step => step.Number)];

    /// <summary>The step of an instruction; -1 for FROM.</summary>
    public BuildStep Of(PlannedStage stage, int instruction) => _steps[(stage.Index, instruction)];

    private static bool IsFileStep(Instruction instruction) => instruction is RunInstruction or CopyInstruction or WorkdirInstruction;

    private static string Label(BuildPlan plan, PlannedStage stage) => plan.Stages.Count > 1 || stage.Stage.Name is not null ? stage.Name + " " : "";

    private BuildStep Last(BuildPlan plan, int index)
    {
        var stage = plan.Stages.First(stage => stage.Index == index);
        return _steps[(index, stage.Stage.Instructions.Count - 1)];
    }

    private BuildStep Add(PlannedStage stage, int instruction, string text, string name, int line, int number, int count, IReadOnlyList<string> inputs)
    {
        // Stable for the same content: what it is, where it stands, and what it stands on.
        var id = CacheKey.Of("step", [text, stage.Base, number.ToString(System.Globalization.CultureInfo.InvariantCulture), .. inputs]);
        return _steps[(stage.Index, instruction)] = new(id, name, stage.Stage.Name ?? stage.Index.ToString(System.Globalization.CultureInfo.InvariantCulture), number, count, text, line, inputs) { IsConfiguration = instruction >= 0 && !IsFileStep(stage.Stage.Instructions[instruction]) };
    }
}
