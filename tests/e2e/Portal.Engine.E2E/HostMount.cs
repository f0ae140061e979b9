using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>A tmpfs that a test mounts on the host.</summary>
internal sealed class HostMount(string path) : IAsyncDisposable
{
    public static async Task<HostMount> TmpfsAsync(string path, string propagation)
    {
        (await ChildProcess.RunAsync("mount", ["-t", "tmpfs", "none", path])).Succeeded();
        (await ChildProcess.RunAsync("mount", [propagation, path])).Succeeded();
        return new(path);
    }

    public async ValueTask DisposeAsync() => (await ChildProcess.RunAsync("umount", ["--recursive", path])).Succeeded();
}
