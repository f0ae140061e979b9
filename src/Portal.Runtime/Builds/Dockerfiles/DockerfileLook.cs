namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>Tells what a Dockerfile offers. Pure.</summary>
internal static class DockerfileLook
{
    /// <param name="text">All of it.</param>
    /// <param name="file">The same, read.</param>
    /// <param name="plan">What a build would build.</param>
    /// <param name="variables">What arguments would be.</param>
    public static DockerfileFacts At(string text, Dockerfile file, BuildPlan plan, BuildVariables variables)
    {
        Instruction[] needed = [.. plan.Stages.SelectMany(stage => stage.Stage.Instructions)];
        PlacedMount[] mounts = [.. needed.OfType<RunInstruction>().SelectMany(run => run.Mounts.Select(mount => new PlacedMount(mount, run.Line)))];
        return new(text, [.. file.Stages.Select(Facts)], Facts(plan.Target.Stage))
        {
            Arguments =
            [
                .. file.Globals.SelectMany(global => global.Arguments.Select(argument => new ArgumentFacts(argument.Name, global.Description, variables.Global(argument.Name), global.Line)))
                    .Concat(needed.OfType<ArgInstruction>().SelectMany(arg => arg.Arguments.Select(argument => new ArgumentFacts(argument.Name, arg.Description, variables.Declare(argument.Name, argument.Value), arg.Line))))
                    .DistinctBy(argument => argument.Name),
            ],
            Secrets = Of(RunMountKind.Secret, mount => mount.Id ?? mount.Source ?? Path.GetFileName(mount.Target) ?? ""),
            Agents = Of(RunMountKind.Ssh, mount => mount.Id ?? "default"),
            Caches = Of(RunMountKind.Cache, mount => mount.Id ?? mount.Target ?? ""),
            Warnings = DockerfileLint.Check(file),
        };

        List<MountFacts> Of(RunMountKind kind, Func<RunMount, string> id) =>
            [.. mounts.Where(mount => mount.Mount.Kind == kind).GroupBy(mount => id(mount.Mount)).Select(same => new MountFacts(same.Key, same.Any(mount => mount.Mount.Required), same.First().Line))];
    }

    private static StageFacts Facts(Stage stage) => new(stage.Name ?? "", stage.Description, stage.Base, stage.Platform ?? "", stage.Line);

    private readonly record struct PlacedMount(RunMount Mount, int Line);
}
