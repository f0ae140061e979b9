using System.Diagnostics;
using Portal.E2E;

namespace Portal.Engine.E2E.Builds;

/// <summary>A dockerd of its own, without a network, to see what Docker makes of something.</summary>
internal sealed class DockerDaemon : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _root;

    private DockerDaemon(Process process, string root)
    {
        (_process, _root) = (process, root);
        Docker = new(Socket(root), Path.Combine(root, "cli"));
        OldDocker = new(Socket(root), Path.Combine(root, "cli"), Installed.BuildKitDocker);
    }

    public DockerCli Docker { get; }

    /// <summary>The client that comes with the daemon: it speaks BuildKit without a plugin.</summary>
    public DockerCli OldDocker { get; }

    /// <summary>Null where dockerd is not installed or cannot run.</summary>
    public static async Task<DockerDaemon?> TryStartAsync(string root, string busybox)
    {
        if (Installed.Find("dockerd") is not { } program)
        {
            return null;
        }

        Directory.CreateDirectory(root);
        var log = Path.Combine(root, "log");
        var process = Process.Start(new ProcessStartInfo("/bin/sh",
        [
            "-c",
            $"exec {program} --data-root '{root}/data' --exec-root '{root}/exec' -H 'unix://{Socket(root)}' --pidfile '{root}/pid' --bridge none --iptables=false > '{log}' 2>&1",
        ]))!;
        var daemon = new DockerDaemon(process, root);
        for (var attempt = 0; attempt < 100 && !process.HasExited; attempt++)
        {
            if (File.Exists(Socket(root)) && (await daemon.Docker.RunAsync("import", "-c", "CMD [\"sh\"]", busybox, "busybox:latest")).ExitCode == 0)
            {
                return daemon;
            }

            await Task.Delay(200);
        }

        await daemon.DisposeAsync();
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            (await ChildProcess.RunAsync("kill", [_process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])).Succeeded();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        await ChildProcess.RunAsync("sh", ["-c", $"umount '{_root}'/exec/netns/* '{_root}'/data/overlay2/*/merged 2>/dev/null; rm -rf '{_root}'"]);
    }

    private static string Socket(string root) => Path.Combine(root, "d.sock");
}
