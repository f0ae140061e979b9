using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Portal.Runtime.Logs;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Logs;

/// <summary>A log's lines as they came.</summary>
internal sealed class LogList : ILogSink
{
    public List<(long Time, StdioStream Stream, string Text)> Entries { get; } = [];

    /// <summary>Calls to flush; the first is that the log is open.</summary>
    public int Flushes { get; private set; }

    public IEnumerable<string> Texts => Entries.Select(entry => entry.Text);

    public void Write(in LogEntry entry) => Entries.Add((entry.UnixNanoseconds, entry.Stream, Encoding.Latin1.GetString(entry.Data)));

    public ValueTask FlushAsync(CancellationToken ct)
    {
        Flushes++;
        return default;
    }
}

/// <summary>A log that is followed: the test waits for the next line.</summary>
internal sealed class LogFollower : ILogSink
{
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    /// <summary>The log is open.</summary>
    public TaskCompletionSource Opened { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Holds the reader back at every flush, as a client that does not read.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public void Write(in LogEntry entry) => _lines.Writer.TryWrite(Encoding.UTF8.GetString(entry.Data).TrimEnd());

    public async ValueTask FlushAsync(CancellationToken ct)
    {
        Opened.TrySetResult();
        await Gate.WaitAsync(ct);
    }

    public async Task<string> NextAsync() => await _lines.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
}

/// <summary>Lines as the monitor writes them.</summary>
internal static class Monitor
{
    public static DateTimeOffset Start { get; } = new(2026, 11, 23, 18, 0, 0, TimeSpan.Zero);

    public static string Line(int second, string text, string stream = "stdout", char tag = 'F') =>
        $"{Start.AddSeconds(second).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff", CultureInfo.InvariantCulture)}00+00:00 {stream} {tag} {text}\n";

    public static long Time(int second) => (Start.ToUnixTimeSeconds() + second) * 1_000_000_000;
}
