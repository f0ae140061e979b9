using System.Formats.Tar;
using System.Text.Json;
using Portal.E2E;
using Portal.Engine.E2E.Builds;

namespace Portal.Engine.E2E;

/// <summary>Trees packed by the programs that people pack with, and what is on the disk of them afterwards.</summary>
public sealed class ImageFidelityTests : EngineTest, IAsyncDisposable
{
    // Everything that a layer can hold and a file system keep.
    private const string Make = """
        set -e
        mkdir -p tree/dir/sub tree/var tree/run tree/sticky tree/$(printf 'n%.0s' $(seq 200))/$(printf 'm%.0s' $(seq 200))
        cd tree
        echo text > dir/file; ln dir/file dir/hard; ln -s ../dir/file dir/sub/link; ln -s /run var/run; ln -s nowhere/at/all dangling; ln dangling hard-link-to-link
        echo x > "$(printf 'name with\nnewline')"; touch "$(printf 'bad\377utf8')" "$(printf 'b\303\244r')"
        (cd n*/m*; echo long > file; ln -s $(printf 'l%.0s' $(seq 300)) link)
        touch owned large; chown 1234:5678 owned; chown 4000000000:3000000000 large
        cp /bin/true setuid; chmod 6755 setuid; chmod 1777 sticky; chmod 000 run
        mknod null c 1 3; mknod block b 7 200; mkfifo fifo
        truncate -s 40M holes; printf data | dd of=holes bs=1 seek=20000000 conv=notrunc status=none
        """;

    private const string Attributes = "tar --xattrs --xattrs-include='*' -xpf ../attributes.tar";

    private const string Times = """
        find . -exec touch -h -d 2001-02-03T04:05:06.789012345 {} +
        touch -h -d 1969-12-31T23:59:58.5Z owned dangling
        """;

    // One line for each file: kind, mode, owner, links, time, target; what is in it; what its devices and attributes are. Which of several names of a file is which does not matter.
    private const string Look = """
        find . -mindepth 1 \( -name '.wh.*' -prune -o -printf '%P|%y|%m|%U:%G|%n|TIME|%l|\n' \) | sort | sed 's/[0-9]*$//'
        find . -type f ! -path ./holes -exec sha256sum {} + | sort
        sha256sum holes; stat -c '%t:%T' null block
        tar --xattrs --xattrs-include='*' -cf - . | tar --xattrs --xattrs-include='*' -tvvf - | grep -B 1 '^  x:' | sed 's/ 20.*:.. / /' | sort
        """;

    private readonly string _folder;

    public ImageFidelityTests(Engine engine)
        : base(engine) => _folder = Directory.CreateDirectory(Path.Combine(engine.Root, "fidelity")).FullName;

    // Not by .NET, which cannot spell every name in it.
    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        (await ChildProcess.RunAsync("rm", ["-rf", _folder])).Succeeded();
        await DisposeAsync();
    }

    [Theory]
    [InlineData("--format=gnu", false)]
    [InlineData("--format=gnu --sparse", false)]
    [InlineData("--format=posix --sparse --xattrs --xattrs-include=*", true)]
    [InlineData("--format=posix --sparse --sparse-version=0.0 --xattrs --xattrs-include=*", true)]
    [InlineData("--format=posix --sparse --sparse-version=0.1 --xattrs --xattrs-include=*", true)]
    public async Task Import_OfWhatGnuTarPacked_IsOnTheDiskAsItWas(string options, bool isPosix)
    {
        // GNU's own form has whole seconds and no attributes.
        var look = Look.Replace("TIME", isPosix ? "%T@" : "", StringComparison.Ordinal);
        await WriteAttributesAsync();
        await ShellAsync(_folder, $"{Make}\n{(isPosix ? Attributes : "")}\n{Times}\ntar -C '{_folder}/tree' {options} -cf ../packed.tar .");
        var expected = await ShellAsync(Path.Combine(_folder, "tree"), look);

        (await Docker.RunAsync("import", Path.Combine(_folder, "packed.tar"), "packed:1")).Succeeded();

        var layer = (await Docker.RunAsync("image", "inspect", "-f", "{{index .RootFS.Layers 0}}", "packed:1")).Succeeded().Line;
        var place = Path.Combine(Engine.DataRoot, "layers", layer["sha256:".Length..], "diff");
        Assert.Equal(expected, await ShellAsync(place, look));
        if (options.Contains("--sparse", StringComparison.Ordinal))
        {
            Assert.InRange(int.Parse(await ShellAsync(place, "du -k holes | cut -f1")), 1, 1024);
        }

        // What is saved is what came, byte for byte.
        Assert.Equal(layer["sha256:".Length..], (await ShellAsync(_folder, "sha256sum packed.tar"))[..64]);
        (await Docker.RunAsync("save", "-o", Path.Combine(_folder, "saved.tar"), "packed:1")).Succeeded();
        Assert.Contains(layer["sha256:".Length..], await ShellAsync(_folder, "tar -xOf saved.tar manifest.json"), StringComparison.Ordinal);
        await ShellAsync(_folder, $"tar -xOf saved.tar blobs/sha256/{layer["sha256:".Length..]} | cmp - packed.tar");
        (await Docker.RunAsync("rmi", "packed:1")).Succeeded();
        Assert.False(Directory.Exists(place));
    }

    [Fact]
    public async Task Import_OfAnyTree_IsOnTheDiskAsDockersOwnIs()
    {
        await using var daemon = await DockerDaemon.TryStartAsync(Path.Combine(Engine.Root, "dd"), Path.Combine(Engine.Root, "busybox.tar"));
        Assert.SkipWhen(daemon is null, "dockerd is not installed or cannot run here.");
        await WriteAttributesAsync();
        await ShellAsync(_folder, $"{Make}\n{Attributes}\n{Times}\ntar --format=posix --xattrs --xattrs-include=* -cf ../packed.tar .");
        // A second layer that takes away, hides and replaces.
        await ShellAsync(_folder, """
            mkdir -p up/dir/sub up/var/run; cd up
            touch .wh.owned dir/sub/.wh..wh..opq dir/.wh.hard dir/sub/new var/run/file .wh..wh.plnk; mkdir sticky; chmod 700 sticky; mkdir fifo; echo file > n
            tar -cf ../up.tar .
            """);
        var archive = await TwoLayersAsync();

        var trees = new List<string>();
        foreach (var docker in (DockerCli[])[Docker, daemon!.Docker])
        {
            (await docker.RunAsync("load", "-i", archive)).Succeeded();
            var id = (await docker.RunAsync("create", "--network", "none", "two:1", "x")).Succeeded().Line;
            (await docker.RunAsync("export", "-o", Path.Combine(_folder, "export.tar"), id)).Succeeded();
            (await docker.RunAsync("rm", id)).Succeeded();
            (await docker.RunAsync("rmi", "two:1")).Succeeded();
            var unpacked = Directory.CreateDirectory(Path.Combine(_folder, "out" + trees.Count)).FullName;
            await ShellAsync(unpacked, "tar --xattrs --xattrs-include=* -xpf ../export.tar && rm -rf dev etc proc sys .dockerenv");
            // Of attributes Docker writes capabilities only; the number of links of a folder is the file system's.
            trees.Add(await ShellAsync(unpacked, Look.Replace("|%n|TIME", "|%Ts", StringComparison.Ordinal).Replace("^  x:", "^  x:.*capability", StringComparison.Ordinal)));
        }

        Assert.Contains("fifo|d|", trees[0], StringComparison.Ordinal);
        Assert.Equal(trees[1], trees[0]);
    }

    [Theory]
    [InlineData("oci-archive")]
    [InlineData("docker-archive")]
    public async Task Load_OfWhatSkopeoPacked_IsTheSameImage(string transport)
    {
        var saved = Path.Combine(_folder, "saved.tar");
        var packed = Path.Combine(_folder, "packed.tar");
        (await Docker.RunAsync("tag", "busybox", "carried:1")).Succeeded();
        (await Docker.RunAsync("save", "-o", saved, "carried:1")).Succeeded();
        var layers = (await Docker.RunAsync("image", "inspect", "-f", "{{.RootFS.Layers}} {{.Created}} {{.Config.Cmd}}", "carried:1")).Line;
        (await Docker.RunAsync("rmi", "carried:1")).Succeeded();

        (await ChildProcess.RunAsync("skopeo", ["copy", "-q", $"docker-archive:{saved}", $"{transport}:{packed}:{(transport == "oci-archive" ? "docker.io/library/carried:1" : "carried:1")}"])).Succeeded();
        var load = (await Docker.RunAsync("load", "-i", packed)).Succeeded();

        Assert.Contains("Loaded image: carried:1", load.Out, StringComparison.Ordinal);
        Assert.Equal(layers, (await Docker.RunAsync("image", "inspect", "-f", "{{.RootFS.Layers}} {{.Created}} {{.Config.Cmd}}", "carried:1")).Line);
        Assert.Equal("ran", (await Docker.RunAsync("run", "--rm", "--network", "none", "carried:1", "echo", "ran")).Succeeded().Line);
        (await Docker.RunAsync("rmi", "carried:1")).Succeeded();
    }

    /// <summary>Files with attributes, as one that GNU tar unpacks: setfattr is not everywhere.</summary>
    private async Task WriteAttributesAsync()
    {
        await using var tar = new TarWriter(File.Create(Path.Combine(_folder, "attributes.tar")));
        foreach (var (name, attribute, value) in ((string, string, string)[])[
            ("attributed", "user.text", "a value"), ("capable", "security.capability", "\u0001\0\0\u0002\0\u0004\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), ("trusted", "trusted.kept", "t")])
        {
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name, new Dictionary<string, string> { ["SCHILY.xattr." + attribute] = value }) { Mode = (UnixFileMode)0x1ED });
        }
    }

    /// <summary>A docker-archive of packed.tar and up.tar on top.</summary>
    private async Task<string> TwoLayersAsync()
    {
        var layers = new[] { "packed.tar", "up.tar" };
        var digests = new List<string>();
        foreach (var layer in layers)
        {
            digests.Add("sha256:" + (await ShellAsync(_folder, "sha256sum " + layer))[..64]);
        }

        await File.WriteAllTextAsync(Path.Combine(_folder, "config.json"), $$$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":{{{JsonSerializer.Serialize(digests)}}}}}""");
        await File.WriteAllTextAsync(Path.Combine(_folder, "manifest.json"), $$"""[{"Config":"config.json","RepoTags":["two:1"],"Layers":{{JsonSerializer.Serialize(layers)}}}]""");
        await ShellAsync(_folder, "tar -cf two.tar config.json manifest.json packed.tar up.tar");
        return Path.Combine(_folder, "two.tar");
    }

    private static async Task<string> ShellAsync(string folder, string script) =>
        (await ChildProcess.RunAsync("bash", ["-c", $"export LC_ALL=C TZ=UTC; cd '{folder}' && {{\n{script}\n}}"])).Succeeded().Out;
}
