using Portal.E2E;

namespace Portal.Engine.E2E.Builds;

/// <summary>Dockerfiles that cover the reference, with the real client, against what they are to lead to and against what dockerd makes of them.</summary>
public sealed class BuildCorpusTests(Engine engine) : EngineTest(engine), IClassFixture<BuildLeavings>
{
    public static TheoryData<string> Names => [.. BuildCase.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Dockerfile_Built_LeadsToItsTreeAndConfiguration(string name)
    {
        var build = BuildCase.Read(name);
        var folder = Path.Combine(Engine.Root, "corpus-" + name);
        build.WriteContext(folder);
        var docker = Docker.With("DOCKER_BUILDKIT", "0");
        var image = "corpus-" + name;

        var built = await BuildAsync(docker, build, folder, image, []);

        if (build.Failure is { } words)
        {
            Assert.NotEqual(0, built.ExitCode);
            Assert.Contains(words, built.Out + built.Err, StringComparison.Ordinal);
            return;
        }

        built.Succeeded();
        var tree = await ImageContents.TreeAsync(docker, image, folder);
        var below = build.IsFromScratch ? [] : await ImageContents.TreeAsync(docker, "busybox", folder);
        Assert.Equal(build.ExpectedTree, ImageContents.Difference(below, tree));
        Assert.Equal(build.ExpectedConfig, await ImageContents.ConfigAsync(docker, image));
        (await Docker.RunAsync("rmi", image)).Succeeded();
    }

    // What is expected is held against Docker; no agent takes part.
    [Fact, Trait("Agent", "one")]
    public async Task Corpus_BuiltByDocker_LeadsToTheSame()
    {
        await using var daemon = await DockerDaemon.TryStartAsync(Path.Combine(Engine.Root, "dockerd"), Path.Combine(Engine.Root, "busybox.tar"));
        Assert.SkipWhen(daemon is null, "dockerd is not installed or cannot run here.");
        var differences = new List<string>();
        foreach (var build in BuildCase.Names.Select(BuildCase.Read).Where(build => build is { Failure: null, Compare: not "none" } && (build.Compare != "buildkit" || Installed.BuildKitDocker is not null)))
        {
            var folder = Path.Combine(Engine.Root, "docker-" + build.Name);
            build.WriteContext(folder);
            var docker = build.Compare == "buildkit" ? daemon!.OldDocker.With("DOCKER_BUILDKIT", "1") : daemon!.Docker.With("DOCKER_BUILDKIT", "0");
            var image = "corpus-" + build.Name;
            (await BuildAsync(docker, build, folder, image, ["--network", "none"])).Succeeded();
            var tree = await ImageContents.TreeAsync(docker, image, folder);
            var below = build.IsFromScratch ? [] : await ImageContents.TreeAsync(docker, "busybox", folder);
            string[] theirs = [.. await ImageContents.ConfigAsync(docker, image), .. ImageContents.Difference(below, tree)];
            string[] ours = [.. build.ExpectedConfig, .. build.ExpectedTree];
            differences.AddRange(ours.Except(theirs).Select(line => $"{build.Name}: expected {line}").Concat(theirs.Except(ours).Select(line => $"{build.Name}: Docker   {line}")));
        }

        Assert.Empty(differences);
    }

    private static async Task<CliResult> BuildAsync(DockerCli docker, BuildCase build, string folder, string image, string[] options)
    {
        if (build.Before is { } before)
        {
            (await docker.RunWithInputAsync(before, "build", "-q", "-t", "onbuild-base", "-")).Succeeded();
        }

        return await docker.RunAsync(["build", "-t", image, .. options, .. build.Options(folder), folder]);
    }
}
