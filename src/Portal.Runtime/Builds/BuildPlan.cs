using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Dockerfiles;

namespace Portal.Runtime.Builds;

/// <summary>One stage of a plan.</summary>
/// <param name="Index">Place in the Dockerfile.</param>
/// <param name="Stage">As written.</param>
/// <param name="Base">What it starts from, with variables replaced.</param>
/// <param name="BaseStage">The earlier stage that is; null for none.</param>
/// <param name="Platform">As FROM says; null for the build's.</param>
/// <param name="Needs">Earlier stages that it needs.</param>
internal sealed record PlannedStage(int Index, Stage Stage, string Base, int? BaseStage, BuildPlatform? Platform, IReadOnlyList<int> Needs)
{
    /// <summary>As people call it.</summary>
    public string Name => Stage.Name ?? $"stage-{Index}";
}

/// <summary>Which stages are built for a target, and from what. Pure.</summary>
/// <param name="Stages">Those needed, in the order of the Dockerfile; the target is the last.</param>
internal sealed record BuildPlan(IReadOnlyList<PlannedStage> Stages)
{
    public PlannedStage Target => Stages[^1];

    /// <summary>Makes the plan.</summary>
    /// <param name="dockerfile">The file.</param>
    /// <param name="variables">What FROM sees.</param>
    /// <param name="target">Name or number; null for the last.</param>
    /// <param name="contexts">Names that mean contexts of the request, before they mean stages.</param>
    /// <exception cref="ErrorException">400.</exception>
    public static BuildPlan Make(Dockerfile dockerfile, BuildVariables variables, string? target, IReadOnlyCollection<string> contexts)
    {
        var stages = new List<PlannedStage>();
        foreach (var stage in dockerfile.Stages)
        {
            var words = variables.InFrom();
            var name = BuildVariables.Guard(stage.Line, () => words.Word(stage.Base));
            var platform = stage.Platform is null ? null : BuildVariables.Guard(stage.Line, () => words.Word(stage.Platform));
            var number = stages.Count;
            var baseStage = contexts.Contains(name) ? null : Find(dockerfile, name, number, numbers: false);
            int[] needs = [.. stage.Instructions.SelectMany(Sources).Where(source => !contexts.Contains(source)).Select(source => Find(dockerfile, source, number, numbers: true)).OfType<int>()];
            stages.Add(new(
                number, stage, name, baseStage, string.IsNullOrEmpty(platform) ? null : Platform(platform, stage.Line), [.. (baseStage is { } b ? needs.Prepend(b) : needs).Distinct()]));
        }

        var last = string.IsNullOrEmpty(target) ? stages.Count - 1
            : Find(dockerfile, target, stages.Count, numbers: true) ?? throw new ErrorException(ErrorKind.Invalid, "build.target", $"failed to reach build target {target} in Dockerfile");
        var needed = new SortedSet<int>();
        Need(last);
        foreach (var stage in stages.Where(stage => needed.Contains(stage.Index) && stage.Base.Length == 0))
        {
            throw DockerfileErrors.At(stage.Stage.Line, $"base name ({stage.Stage.Base}) should not be blank");
        }

        return new([.. stages.Where(stage => needed.Contains(stage.Index))]);

        void Need(int index)
        {
            if (needed.Add(index))
            {
                foreach (var other in stages[index].Needs)
                {
                    Need(other);
                }
            }
        }
    }

    /// <summary>The stage before a place that a name or number means; null for none. Of several with one name it is the last.</summary>
    public static int? Find(Dockerfile dockerfile, string name, int before, bool numbers)
    {
        for (var i = before - 1; i >= 0; i--)
        {
            if (name.Equals(dockerfile.Stages[i].Name, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return numbers && int.TryParse(name, System.Globalization.NumberStyles.None, null, out var number) && number < before ? number : null;
    }

    private static IEnumerable<string> Sources(Instruction instruction) => instruction switch
    {
        CopyInstruction { From: { } from } => [from],
        RunInstruction run => run.Mounts.Select(mount => mount.From).OfType<string>(),
        _ => [],
    };

    private static BuildPlatform Platform(string text, int line)
    {
        try
        {
            return BuildPlatform.Parse(text);
        }
        catch (ErrorException e)
        {
            throw DockerfileErrors.At(line, $"failed to parse platform {text}: {e.Message}");
        }
    }
}
