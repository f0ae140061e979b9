using System.Diagnostics;
using System.Text;
using System.Threading.Channels;

namespace Portal.E2E;

/// <summary>A program started by a test: its output line by line, and never left behind.</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly Task _reading;
    private readonly StringBuilder _errors = new();

    private ChildProcess(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadOutAsync(), ReadErrorsAsync());
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What came on standard error so far.</summary>
    public string Errors => _errors.ToString();

    /// <summary>Everything a program that has ended said, of what nobody has read yet.</summary>
    public async Task<string> LastWordsAsync()
    {
        await _reading;
        var text = new StringBuilder(Errors);
        while (_lines.Reader.TryRead(out var line)) text.AppendLine(line);
        return text.ToString();
    }

    public StreamWriter Input => _process.StandardInput;

    public static ChildProcess Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return new ChildProcess(Process.Start(start)!);
    }

    /// <summary>Runs a program to its end; kills it and fails after a minute (<see cref="Patience.Factor"/> applies).</summary>
    public static async Task<CliResult> RunAsync(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? input = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Patience.Seconds(60));
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        try
        {
            if (input is not null) await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended without reading its input: its exit code tells.
        }
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            return new CliResult(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', start.ArgumentList)} did not end within {Patience.Seconds(60).TotalSeconds:0} s.");
        }
    }

    /// <summary>The next line of standard output; null when the program closed it.</summary>
    public async Task<string?> ReadLineAsync(TimeSpan? patience = null)
    {
        using var deadline = new CancellationTokenSource(patience ?? Patience.Seconds(20));
        try
        {
            return await _lines.Reader.WaitToReadAsync(deadline.Token) && _lines.Reader.TryRead(out var line) ? line : null;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"No line came. stderr: {_errors}");
        }
    }

    /// <summary>Reads lines until one matches.</summary>
    public async Task<string> ReadUntilAsync(Func<string, bool> wanted)
    {
        while (await ReadLineAsync() is { } line)
            if (wanted(line))
                return line;
        throw new InvalidOperationException($"The output ended before the wanted line. stderr: {_errors}");
    }

    /// <summary>Waits for the end and returns the exit code.</summary>
    public async Task<int> WaitAsync(TimeSpan? patience = null)
    {
        using var deadline = new CancellationTokenSource(patience ?? Patience.Seconds(20));
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }

    private async Task ReadOutAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
            _lines.Writer.TryWrite(line);
        _lines.Writer.TryComplete();
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
            _errors.AppendLine(line);
    }
}
