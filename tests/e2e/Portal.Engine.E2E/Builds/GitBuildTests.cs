using Portal.E2E;

namespace Portal.Engine.E2E.Builds;

/// <summary>Git repositories as contexts and as what ADD brings.</summary>
public sealed class GitBuildTests(BuildEngine engine, GitServer git) : IClassFixture<BuildEngine>, IClassFixture<GitServer>
{

    private readonly DockerCli _docker = engine.Docker.With("DOCKER_BUILDKIT", "0");

    [Theory]
    [InlineData("smart", "", "two library 755 f")]
    [InlineData("smart", "#v1", "one library 755 f")]
    [InlineData("smart", "#other", "other library 755 f")]
    [InlineData("smart", "#refs/heads/other", "other library 755 f")]
    [InlineData("smart", "#FIRST", "one library 755 f")]
    [InlineData("plain", "", "two library 755 f")]
    [InlineData("plain", "#v1", "one library 755 f")]
    [InlineData("plain", "#FIRST", "one library 755 f")]
    public async Task Context_OfARepository_IsTheCommitWithItsSubmodules(string kind, string fragment, string expected)
    {
        var answer = await PostAsync($"{git.Address}/{kind}/repo.git{fragment.Replace("FIRST", git.First, StringComparison.Ordinal)}", "git:context");

        Assert.Contains("Successfully tagged git:context", answer, StringComparison.Ordinal);
        Assert.Equal(expected, (await _docker.RunAsync("run", "--rm", "git:context", "sh", "-c", "cd /src; echo $(cat f lib/l) $(stat -c %a run.sh) $(readlink link); find / -xdev -name .git")).Succeeded().Line);
        Assert.Empty(Directory.GetFileSystemEntries(engine.DataRoot + "/builds/work"));
        (await _docker.RunAsync("rmi", "git:context")).Succeeded();
    }

    [Theory]
    [InlineData("#:sub", "sub")]
    [InlineData("#other:sub", "sub")]
    [InlineData("#v1:/./x/../sub/", "sub")]
    public async Task Context_OfAFolderInIt_IsThat(string fragment, string expected)
    {
        Assert.Contains("Successfully tagged git:sub", await PostAsync(git.Address + "/smart/repo.git" + fragment, "git:sub"), StringComparison.Ordinal);
        Assert.Equal(expected, (await _docker.RunAsync("run", "--rm", "git:sub", "cat", "/g")).Succeeded().Line);
        (await _docker.RunAsync("rmi", "git:sub")).Succeeded();
    }

    [Theory]
    [InlineData("/smart/repo.git#:../../../etc", "the repository on 127.0.0.1 has no folder ../../../etc")]
    [InlineData("/smart/repo.git#:out", "has no folder out")]
    [InlineData("/smart/repo.git#:up", "has no folder up")]
    [InlineData("/smart/repo.git#:f", "has no folder f")]
    [InlineData("/smart/repo.git#nosuch", "find remote ref nosuch")]
    [InlineData("/smart/none.git", "not found")]
    [InlineData("/smart/bad.git", "127.0.0.2 is not on the open network")]
    [InlineData("/away/repo.git", "127.0.0.2 is not on the open network")]
    [InlineData("/private/repo.git", "terminal prompts disabled")]
    public async Task Context_ThatCannotBeHad_IsRefusedInWords(string path, string words)
    {
        var answer = await PostAsync(git.Address + path, "git:bad");

        Assert.Contains(words, answer, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(engine.DataRoot + "/builds/work"));
    }

    [Fact]
    public async Task Add_OfARepository_BringsItsFilesAndItsFolderWhenAsked()
    {
        var login = git.Address.Replace("://", "://joe:s3cret@", StringComparison.Ordinal);
        var folder = BuildFolder.Make(
            engine.Root,
            $"""
            FROM busybox
            ADD {git.Address}/smart/repo.git#v1 /a/
            ADD --keep-git-dir=true {login}/private/repo.git /b/
            ADD --chown=7:8 {git.Address}/smart/repo.git#other:sub /c
            ADD --checksum={git.First} {git.Address}/smart/repo.git#v1 /d/
            """);
        (await _docker.RunAsync("build", "-t", "git:add", folder)).Succeeded();
        var again = (await _docker.RunAsync("build", "-t", "git:add", folder)).Succeeded();

        Assert.Equal(4, again.Lines.Count(line => line == "---> Using cache"));
        Assert.Equal(
            ["one", "library", "two", "ref: refs/heads/main", "sub", "7:8", "one"],
            (await _docker.RunAsync("run", "--rm", "git:add", "sh", "-c", "test ! -e /a/.git && test ! -e /a/lib/.git && cat /a/f /a/lib/l /b/f && test -d /b/.git/objects && echo ref: refs/heads/main && cat /c/g && stat -c %u:%g /c/g && cat /d/f")).Succeeded().Lines);
        Assert.Equal("", (await _docker.RunAsync("run", "--rm", "git:add", "grep", "-r", "-e", "s3cret", "-e", "socks5", "/b")).Out);
        var wrong = await _docker.RunAsync("build", BuildFolder.Make(engine.Root, $"FROM busybox\nADD --checksum={git.First} {git.Address}/smart/repo.git /d/\n"));
        Assert.Contains("expected checksum to match " + git.First, wrong.Out + wrong.Err, StringComparison.Ordinal);
        var inside = await _docker.RunAsync("build", BuildFolder.Make(engine.Root, $"FROM busybox\nADD {git.Address}/smart/repo.git#:out /d/\n"));
        Assert.Contains("has no folder out", inside.Out + inside.Err, StringComparison.Ordinal);
        (await _docker.RunAsync("rmi", "git:add")).Succeeded();
    }

    [Fact]
    public async Task OldClient_OfBuildKit_BuildsARepository()
    {
        var buildKit = new DockerCli(engine.Socket, Path.Combine(engine.Root, "cli"), Installed.BuildKitDocker).With("DOCKER_BUILDKIT", "1");
        Assert.SkipWhen(Installed.BuildKitDocker is null, "docker 20.10 is not installed.");

        (await buildKit.RunAsync("build", "-t", "git:kit", "--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1", git.Address + "/smart/repo.git#other")).Succeeded();
        (await buildKit.RunAsync("build", "-t", "git:kitsub", git.Address + "/smart/repo.git#v1:sub")).Succeeded();

        Assert.Equal("other", (await _docker.RunAsync("run", "--rm", "git:kit", "sh", "-c", "test -d /src/.git && cat /src/f")).Succeeded().Line);
        Assert.Equal("sub", (await _docker.RunAsync("run", "--rm", "git:kitsub", "cat", "/g")).Succeeded().Line);
        (await _docker.RunAsync("rmi", "git:kit", "git:kitsub")).Succeeded();
    }

    private async Task<string> PostAsync(string remote, string tag) =>
        await (await engine.Http.PostAsync($"/build?t={tag}&remote={Uri.EscapeDataString(remote)}", null)).Content.ReadAsStringAsync();
}
