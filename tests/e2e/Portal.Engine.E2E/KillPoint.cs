using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>
/// A point at which an agent is to be killed, before it makes a system call: <c>rename 2</c> is the second rename of one of its
/// threads. strace(1) follows what the agent starts as well, but that comes to the same call later.
/// </summary>
internal sealed class KillPoint : IAsyncDisposable
{
    private readonly ChildProcess _strace;

    private KillPoint(ChildProcess strace) => _strace = strace;

    /// <summary>Sets the point; it is in force when this returns.</summary>
    public static async Task<KillPoint> SetAsync(int process, string point)
    {
        // Variants of a call that do the same; the question mark is for those that a machine's kernel does not have.
        var (call, number) = point.Split(' ') is [var name, var digits] ? (name, digits) : throw new FormatException(point);
        var set = call switch { "mkdir" => "?mkdir,mkdirat", "rename" => "?rename,?renameat,renameat2", "unlink" => "?unlink,?rmdir,unlinkat", "link" => "?link,linkat", _ => call };
        var strace = ChildProcess.Start("strace", ["-f", "-o", "/dev/null", "-e", $"trace={set}", "-e", $"inject={set}:signal=KILL:when={number}", "-p", $"{process}"]);
        await Patience.UntilAsync("strace is attached", () =>
            strace.HasExited ? throw new InvalidOperationException(strace.Errors) : strace.Errors.Contains("attached", StringComparison.Ordinal));
        return new(strace);
    }

    public ValueTask DisposeAsync() => _strace.DisposeAsync();
}
