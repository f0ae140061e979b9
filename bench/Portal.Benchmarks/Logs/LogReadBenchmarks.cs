using System.Text;
using BenchmarkDotNet.Attributes;
using Portal.Runtime.Logs;

namespace Portal.Benchmarks.Logs;

/// <summary>Reading a log of 200,000 lines: the parser alone, the whole file, and the last lines.</summary>
[MemoryDiagnoser]
public class LogReadBenchmarks
{
    private const int Lines = 200_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("logs").FullName;
    private readonly ContainerLogReader _reader = new(TimeProvider.System);
    private readonly byte[] _line = Encoding.UTF8.GetBytes("2026-11-23T18:00:00.123456789+00:00 stdout F 127.0.0.1 - - \"GET / HTTP/1.1\" 200 612");

    private string LogPath => _folder + "/log";

    [GlobalSetup]
    public void Setup()
    {
        using var writer = new StreamWriter(LogPath);
        for (var i = 0; i < Lines; i++)
        {
            writer.Write($"2026-11-23T18:00:00.{i:D9}+00:00 {(i % 10 == 0 ? "stderr" : "stdout")} F 127.0.0.1 - - \"GET /{i} HTTP/1.1\" 200 612\n");
        }
    }

    [GlobalCleanup]
    public void Cleanup() => Directory.Delete(_folder, recursive: true);

    [Benchmark]
    public bool ParseLine() => K8sFileLine.TryParse(_line, out _) && K8sFileLine.TryParseTime(_line, out _);

    [Benchmark(OperationsPerInvoke = Lines)]
    public Task<int> ReadLine() => CountAsync(new(true, true, false, null, null, null));

    [Benchmark]
    public Task<int> Tail100() => CountAsync(new(true, true, false, 100, null, null));

    private async Task<int> CountAsync(LogQuery query)
    {
        var sink = new Counter();
        await _reader.ReadAsync(LogPath, query, sink, Task.CompletedTask);
        return sink.Count;
    }

    private sealed class Counter : ILogSink
    {
        public int Count { get; private set; }

        public void Write(in LogEntry entry) => Count += entry.Data.Length > 0 ? 1 : 0;

        public ValueTask FlushAsync(CancellationToken ct) => default;
    }
}
