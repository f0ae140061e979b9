using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Logs;

/// <summary>The logging drivers of this engine, and what a container that asks for one gets. Messages are Docker's.</summary>
/// <param name="options">With the default of containers that say nothing.</param>
public sealed class LogDrivers(RuntimeOptions options)
{
    public const string JsonFile = "json-file", Local = "local", Journald = "journald", None = "none";

    private const string JournalSocket = "/run/systemd/journal/socket";

    // Of every driver: how Docker buffers, and its copy of a log that goes elsewhere.
    private static readonly HashSet<string> s_common =
    [
        "mode", "max-buffer-size", "cache-disabled", "cache-max-size", "cache-max-file", "cache-compress",
        "cache-labels", "cache-labels-regex", "cache-env", "cache-env-regex", "cache-tag",
    ];

    private static readonly HashSet<string> s_attributes = ["labels", "labels-regex", "env", "env-regex", "tag"];
    private static readonly HashSet<string> s_files = ["max-size", "max-file", "compress"];

    /// <summary>Drivers that can be chosen on this machine and keep something.</summary>
    public static IReadOnlyList<string> Names => HasJournal ? [Journald, JsonFile, Local] : [JsonFile, Local];

    /// <summary>What containers get that say nothing.</summary>
    public LogSpec Default => options.Log;

    private static bool HasJournal => File.Exists(JournalSocket);

    /// <summary>Which driver a stored choice means: those of records that name none are json-file.</summary>
    public static string DriverOf(LogSpec log) => log.Driver.Length == 0 ? JsonFile : log.Driver;

    /// <summary>The choice of a container with the engine's defaults filled in, as inspect shows it.</summary>
    /// <exception cref="ErrorException">400.</exception>
    public LogSpec Resolve(LogSpec asked)
    {
        var driver = asked.Driver.Length == 0 ? options.Log.Driver : asked.Driver;
        var merged = new Dictionary<string, string>(asked.Options);
        foreach (var (key, value) in options.Log.Options)
        {
            if (driver == options.Log.Driver || key.StartsWith("cache-", StringComparison.Ordinal))
            {
                merged.TryAdd(key, value);
            }
        }

        var log = new LogSpec(driver, merged);
        return (Mistake(log) ?? Absence(log)) is { } mistake ? throw new ErrorException(ErrorKind.Invalid, "container.invalid_log", mistake) : log;
    }

    /// <summary>What is wrong with a choice wherever it is made; null when nothing is. Pure.</summary>
    public static string? Mistake(LogSpec log)
    {
        if (log.Driver == None)
        {
            return null;
        }

        try
        {
            if (Common(log.Options) is { } mistake)
            {
                return mistake;
            }

            var (known, whose) = log.Driver switch
            {
                JsonFile => (s_files.Union(s_attributes), "json-file log driver"),
                Local => (s_files.Union(s_attributes), "log driver local"),
                Journald => (s_attributes, "journald log driver"),
                _ => (null, ""),
            };
            if (known is null)
            {
                return $"logger: no log driver named '{log.Driver}' is registered";
            }

            if (log.Options.Keys.Order(StringComparer.Ordinal).FirstOrDefault(key => !s_common.Contains(key) && !known.Contains(key)) is { } unknown)
            {
                return $"unknown log opt '{unknown}' for {whose}";
            }
        }
        catch (LogOptionException e)
        {
            return e.Message;
        }

        try
        {
            _ = LogLimits.Of(log.Driver, log.Options);
            LogTag.Check(log.Options.GetValueOrDefault("tag", ""));
            LogDetails.Check(log.Options);
            return null;
        }
        catch (LogOptionException e)
        {
            // Docker finds these at the start of the container; nobody is better off with one that was made and cannot start.
            return "failed to initialize logging driver: " + e.Message;
        }
    }

    /// <summary>Why a driver that exists cannot be had on this machine; null when it can.</summary>
    public static string? Absence(LogSpec log) =>
        log.Driver == Journald && !HasJournal ? "failed to initialize logging driver: journald is not enabled on this host" : null;

    private static string? Common(IReadOnlyDictionary<string, string> options)
    {
        var mode = options.GetValueOrDefault("mode", "");
        if (mode is not ("" or "blocking" or "non-blocking"))
        {
            return $"logger: logging mode not supported: {mode}";
        }

        if (options.TryGetValue("max-buffer-size", out var size))
        {
            if (mode != "non-blocking")
            {
                return "logger: max-buffer-size option is only supported with 'mode=non-blocking'";
            }

            try
            {
                _ = LogOptionValue.MemorySize(size);
            }
            catch (LogOptionException e)
            {
                return "error parsing option max-buffer-size: " + e.Message;
            }
        }

        if (options.TryGetValue("cache-disabled", out var disabled) && disabled.Length > 0)
        {
            try
            {
                _ = LogOptionValue.Boolean(disabled);
            }
            catch (LogOptionException)
            {
                return $"invalid value for option cache-disabled: {disabled}";
            }
        }

        return null;
    }
}
