using System.Globalization;
using System.Text;

namespace Portal.Agent.Node;

/// <summary>One line per entry on standard error, exceptions included: <c>2026-11-23T19:01:23.123Z warn 4003 Portal.Agent text</c>.</summary>
internal sealed class StderrLog(TimeProvider time) : ILoggerProvider
{
    private readonly Stream _stream = Console.OpenStandardError();
    private readonly Lock _lock = new();

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    public void Dispose() => _stream.Flush();

    /// <summary>The text of an entry, with its line end. Line breaks inside become <c>\n</c>: an entry cannot look like two.</summary>
    public static string Format(DateTimeOffset now, LogLevel level, EventId id, string category, string message, Exception? error)
    {
        var line = new StringBuilder(message.Length + 64)
            .Append(now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)).Append(' ')
            .Append(Name(level)).Append(' ').Append(id.Id).Append(' ').Append(category).Append(' ').Append(message);
        if (error is not null)
        {
            _ = line.Append(": ").Append(error);
        }

        return line.Replace("\r", "").Replace("\n", "\\n").Append('\n').ToString();
    }

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        LogLevel.Critical => "fatal",
        LogLevel.None => "none",
    };

    private void Write(string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line);
        lock (_lock)
        {
            try
            {
                _stream.Write(bytes);
            }
            catch (IOException)
            {
                // Nobody reads any more. Not a reason to stop an engine.
            }
        }
    }

    private sealed class Category(StderrLog log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Write(Format(log.Now, logLevel, eventId, name, formatter(state, exception), exception));
    }

    private DateTimeOffset Now => time.GetUtcNow();
}
