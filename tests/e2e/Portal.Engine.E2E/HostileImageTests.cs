using System.Diagnostics;
using System.Formats.Tar;
using System.Text;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Root file systems made to reach out of their container, and containers that change theirs while something is done with it.</summary>
public sealed class HostileImageTests(Engine engine) : EngineTest(engine)
{
    private const string Image = "hostile", Secret = "of the host";

    private static readonly TimeSpan s_race = TimeSpan.FromSeconds(2);

    // What the images lead to.
    private readonly DirectoryInfo _den = Directory.CreateDirectory(Path.Combine(engine.Root, "prey"));

    private string Prey => Path.Combine(_den.FullName, "file");

    /// <summary>From any folder that is not deep the way to the prey, if that folder is one of the host.</summary>
    private string WayOut => string.Concat(Enumerable.Repeat("../", 16)) + Prey.TrimStart('/');

    protected override Task LeaveAsync()
    {
        _den.Delete(recursive: true);
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData("4294967296")]
    [InlineData("2147483648")]
    [InlineData("-1")]
    [InlineData("99999999999999999999999")]
    [InlineData("0:4294967296")]
    [InlineData("nobody-of-this-name")]
    public async Task Run_AsAUserThatIsNone_IsNeverRoot(string user)
    {
        var run = await Docker.RunAsync("run", "--rm", "--network", "none", "-u", user, "busybox", "id", "-u");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Empty(run.Lines);
    }

    [Fact]
    public async Task Exec_WithAHugeListOfGroups_IsRefusedAndNotRead()
    {
        await RunSleeperAsync("--name", "huge");
        (await Docker.RunAsync("exec", "huge", "truncate", "-s", "1G", "/etc/group")).Succeeded();

        var exec = await Docker.RunAsync("exec", "-u", "root:anything", "huge", "id");

        Assert.NotEqual(0, exec.ExitCode);
        Assert.Contains("/etc/group is larger than 8 MiB", exec.Out + exec.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_InAWorkingDirectoryOfAProcess_IsRefused()
    {
        await PrepareAsync(
            new PaxTarEntry(TarEntryType.SymbolicLink, "fd") { LinkName = "proc/self/fd/7" }, new PaxTarEntry(TarEntryType.SymbolicLink, "twice") { LinkName = "/fd" },
            new PaxTarEntry(TarEntryType.SymbolicLink, "self") { LinkName = "/proc/self" });
        var id = await Docker.RunDetachedAsync("--name", "inside", "--network", "none", Image, "/bin/busybox", "sleep", "60");
        Assert.Equal(64, id.Length);

        foreach (var place in (string[])["/proc/self/fd/7", "/proc/1/cwd", "/proc/./self//fd/3", "/dev/fd/8", "/fd", "/twice", "/self/fd/9", "/self/cwd/.."])
        {
            foreach (var run in (CliResult[])[
                await Docker.RunAsync("run", "--rm", "--network", "none", "-w", place, Image, "/bin/busybox", "cat", WayOut),
                await Docker.RunAsync("exec", "-w", place, "inside", "/bin/busybox", "cat", WayOut),
            ])
            {
                Assert.NotEqual(0, run.ExitCode);
                Assert.Contains("it leads out of the container", run.Out + run.Err, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData(TarEntryType.SymbolicLink, "dev", false)]
    [InlineData(TarEntryType.SymbolicLink, "proc", false)]
    [InlineData(TarEntryType.SymbolicLink, "sys", false)]
    [InlineData(TarEntryType.SymbolicLink, "etc", false)]
    [InlineData(TarEntryType.SymbolicLink, "dev/null dev/pts dev/shm dev/ptmx etc/hosts etc/hostname etc/resolv.conf etc/mtab etc/passwd etc/group", true)]
    [InlineData(TarEntryType.Fifo, "proc", false)]
    [InlineData(TarEntryType.RegularFile, "proc", false)]
    [InlineData(TarEntryType.Fifo, "dev/null dev/pts dev/shm dev/ptmx etc/hosts etc/hostname etc/resolv.conf etc/mtab etc/passwd etc/group", true)]
    public async Task Start_WithPlacesThatAreNotWhatTheySeem_TouchesNothingOutside(TarEntryType kind, string places, bool starts)
    {
        await PrepareAsync([.. places.Split(' ').Select(place => kind == TarEntryType.SymbolicLink ? new PaxTarEntry(kind, place) { LinkName = place.Contains('/', StringComparison.Ordinal) ? Prey : _den.FullName } : new PaxTarEntry(kind, place))]);

        var run = await Docker.RunAsync(
            "run", "--name", "seeming", "--network", "none", Image, "/bin/busybox", "sh", "-c",
            "busybox() { /bin/busybox \"$@\"; }; echo x > /etc/hosts; echo x > /etc/hostname; echo x > /dev/made; echo x > /dev/null; busybox head -c 1 /proc/kcore | busybox wc -c; echo x > /proc/sys/kernel/domainname; echo end");
        if (starts)
        {
            // Masks mask, and what is read-only is.
            Assert.Equal(["0", "end"], run.Succeeded().Lines);
        }
        else
        {
            Assert.Equal(125, run.ExitCode);
        }

        await Docker.RunAsync("cp", Environment.ProcessPath!, "seeming:/" + places.Split(' ')[0] + "/made");
        await Docker.RunAsync("cp", Environment.ProcessPath!, "seeming:/etc/hosts");
        (await Docker.RunAsync("cp", "seeming:/bin/busybox", "-")).Succeeded();
        await ExpectUntouchedAsync();
    }

    [Fact]
    public async Task Exec_OfTheRuntimesOwnProgram_LeavesItAsItIs()
    {
        await PrepareAsync(new PaxTarEntry(TarEntryType.RegularFile, "run") { DataStream = new MemoryStream("#!/proc/self/exe\n"u8.ToArray()), Mode = (UnixFileMode)0x1ED });
        var programs = (string[])["/usr/bin/crun", "/usr/bin/conmon", $"/proc/{Engine.ProcessId}/exe"];
        var before = programs.Select(Stamp).ToList();
        await Docker.RunDetachedAsync(
            "--name", "writer", "--network", "none", Image, "/bin/busybox", "sh", "-c",
            "while :; do for p in /proc/[0-9]*; do [ $p = /proc/1 ] || echo x >> $p/exe; done 2> /dev/null; done");

        for (var i = 0; i < 5; i++)
        {
            await Docker.RunAsync("exec", "writer", "/run");
            await Docker.RunAsync("exec", "writer", "/proc/self/exe");
            (await Docker.RunAsync("exec", "writer", "/bin/busybox", "true")).Succeeded();
        }

        Assert.Equal(before, programs.Select(Stamp));

        static string Stamp(string program)
        {
            using var file = File.OpenRead(program);
            return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(file));
        }
    }

    [Fact]
    public async Task Exec_WhereTheContainerSwapsItsWorkingDirectory_IsNeverOnTheHost()
    {
        await PrepareAsync();
        await Docker.RunDetachedAsync(
            "--name", "swapper", "--network", "none", "busybox", "sh", "-c",
            "while :; do for n in 3 5 7 9; do rm -rf /w; ln -s /proc/self/fd/$n /w; rm /w; mkdir /w; done; done");

        for (var watch = Stopwatch.StartNew(); watch.Elapsed < s_race;)
        {
            var exec = await Docker.RunAsync("exec", "-w", "/w", "swapper", "cat", WayOut);
            Assert.DoesNotContain(Secret, exec.Out, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Start_WhereAnotherContainerSwapsThePlaceOfAMount_MountsNothingOutside()
    {
        await PrepareAsync();
        await Docker.RunDetachedAsync(
            "--name", "swapper", "--network", "none", "-v", "shared:/v", "busybox", "sh", "-c",
            $"cd /v; while :; do rm -rf way; ln -s {_den.FullName} way; rm way; mkdir way; rm -rf far; ln -s ../../../../../..{_den.FullName} far; rm far; mkdir far; done");

        for (var watch = Stopwatch.StartNew(); watch.Elapsed < s_race;)
        {
            await Docker.RunAsync("run", "--rm", "--network", "none", "-v", "shared:/v", "-v", "other:/v/way/made", "--tmpfs", "/v/far/made", "busybox", "true");
        }

        await ExpectUntouchedAsync();
        (await Docker.RunAsync("rm", "-f", "swapper")).Succeeded();
        (await Docker.RunAsync("volume", "rm", "shared", "other")).Succeeded();
    }

    private async Task ExpectUntouchedAsync()
    {
        Assert.Equal([Prey], Directory.GetFileSystemEntries(_den.FullName));
        Assert.Equal(Secret, await File.ReadAllTextAsync(Prey));
        Assert.Equal((UnixFileMode.UserRead | UnixFileMode.UserWrite, DateTime.UnixEpoch), (File.GetUnixFileMode(Prey), File.GetLastWriteTimeUtc(Prey)));
    }

    /// <summary>Lays the prey out and makes an image of busybox and these members.</summary>
    private async Task PrepareAsync(params PaxTarEntry[] members)
    {
        await File.WriteAllTextAsync(Prey, Secret);
        File.SetUnixFileMode(Prey, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.SetLastWriteTimeUtc(Prey, DateTime.UnixEpoch);

        using var archive = new MemoryStream();
        await using (var reader = new TarReader(File.OpenRead(Path.Combine(Engine.Root, "busybox.tar"))))
        await using (var writer = new TarWriter(archive, leaveOpen: true))
        {
            while (await reader.GetNextEntryAsync() is { } entry)
            {
                if (entry.Name == "./bin/busybox")
                {
                    await writer.WriteEntryAsync(entry);
                    break;
                }
            }

            foreach (var member in members)
            {
                await writer.WriteEntryAsync(member);
            }
        }

        using var answer = await Http.PostAsync($"/images/create?fromSrc=-&repo={Image}", new ByteArrayContent(archive.ToArray()));
        Assert.True(answer.IsSuccessStatusCode, Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync()));
    }
}
