using Portal.BuildKitClient;
using Portal.E2E;

namespace Portal.Engine.E2E.Builds;

/// <summary>Builds whose commands have ids of their own: layers and mounts speak of those that the container sees.</summary>
public sealed class RemappedBuildTests(RemappedEngine engine) : IClassFixture<RemappedEngine>
{
    private const string Dockerfile = """
        FROM busybox AS a
        RUN cat /proc/self/uid_map && touch /root-made && touch /theirs && chown 5:6 /theirs
        USER 7:8
        RUN touch /tmp/mine
        FROM busybox
        COPY --from=a /theirs /tmp/mine /root-made /copied/
        COPY --chown=9:10 f /nine
        RUN --mount=type=cache,id=ids,target=/c,uid=11,gid=12 stat -c '%u:%g' /c > /out && touch /c/x && chown 13:14 /c/x
        RUN --mount=type=cache,id=ids,target=/c,uid=11,gid=12 stat -c '%u:%g' /c/x >> /out
        RUN --mount=target=/ctx stat -c '%u:%g' /ctx/f >> /out && ! touch /ctx/g 2>/dev/null
        RUN --mount=target=/ctx,rw touch /ctx/g && stat -c '%u:%g' /ctx/g >> /out
        RUN --mount=from=a,target=/a stat -c '%u:%g' /a/theirs /a/tmp/mine >> /out
        RUN --mount=type=tmpfs,target=/t touch /t/x && stat -c '%u:%g' /t/x >> /out
        RUN <<EOF
        #!/bin/sh
        stat -c '%u:%g' /copied/theirs /copied/mine /copied/root-made /nine >> /out
        EOF
        """;

    [Fact]
    public async Task Build_KeepsTheOwnersThatItsCommandsSee()
    {
        var classic = engine.Docker.With("DOCKER_BUILDKIT", "0");
        var folder = BuildFolder.Make(engine.Root, Dockerfile, ("f", "f"));

        var built = (await classic.RunAsync("build", "-t", "mapped:1", folder)).Succeeded();

        Assert.Contains(built.Lines, line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["0", var outside, "65536"] && outside == engine.FirstId.ToString(null, null));
        Assert.Equal(
            ["11:12", "13:14", "0:0", "0:0", "5:6", "7:8", "0:0", "5:6", "7:8", "0:0", "9:10"],
            (await classic.RunAsync("run", "--rm", "mapped:1", "cat", "/out")).Succeeded().Lines);
        var listed = await ChildProcess.RunAsync(
            "bash", ["-c", "mkdir $1 && \"$0\" save mapped:1 | tar -xC $1 && for l in $(find $1 -type f); do tar --numeric-owner -tvf $l 2>/dev/null; done | awk '$2 !~ \"^[0-9][0-9]?/[0-9][0-9]?$\"' | head -5", DockerCli.Usual, folder + "/saved"],
            new Dictionary<string, string> { ["DOCKER_HOST"] = $"unix://{engine.Socket}" });
        Assert.Equal("", listed.Succeeded().Out);
        (await classic.RunAsync("rmi", "mapped:1")).Succeeded();
        await engine.ClearAsync();
    }

    [Fact]
    public async Task Secret_IsWhoseTheMountSays()
    {
        var files = new ServedFiles();
        files.Add("dockerfile", ("Dockerfile", "FROM busybox\nUSER 3:4\nRUN --mount=type=secret,id=s,uid=3,gid=4,mode=0440 test \"$(stat -c '%u:%g %a' /run/secrets/s) $(cat /run/secrets/s)\" = '3:4 440 hidden'\nUSER 0\nRUN --mount=type=secret,id=s stat -c '%u:%g %a' /run/secrets/s | grep '^0:0 400$'\n"));
        files.Add("context");
        files.Secrets["s"] = "hidden";
        await using var client = await SessionClient.ConnectAsync(engine.Socket, files);

        Assert.Null((await client.BuildAsync(client.Request())).Failure);
    }
}
