namespace Portal.Runtime.Logs;

/// <summary>How much of a log is kept.</summary>
/// <param name="MaximumSize">Bytes after which a file is put aside; null for one file without end.</param>
/// <param name="MaximumFiles">Files kept, the one written to included; at least 1.</param>
/// <param name="Compress">Files put aside are compressed.</param>
public readonly record struct LogLimits(long? MaximumSize, int MaximumFiles, bool Compress)
{
    private const long DefaultSize = 20L << 20;
    private const int DefaultFiles = 5;

    // The prefix of the options that say the same of the copy an engine keeps of a log that goes elsewhere.
    private const string CachePrefix = "cache-";

    /// <summary>What holds when nothing is said.</summary>
    public static LogLimits Default { get; } = new(DefaultSize, DefaultFiles, true);

    /// <summary>
    /// Reads a driver's options. A json-file log of which no size is given is kept like a local one: no log grows for ever
    /// unless somebody says so, with <c>max-size=-1</c>. With a size Docker's own defaults hold: one file, not compressed.
    /// </summary>
    /// <exception cref="LogOptionException">A value is none, in Docker's words.</exception>
    public static LogLimits Of(string driver, IReadOnlyDictionary<string, string> options) => driver switch
    {
        LogDrivers.Local => OfLocal(options, ""),
        LogDrivers.Journald => OfLocal(options, CachePrefix),
        _ => OfJsonFile(options),
    };

    private static LogLimits OfJsonFile(IReadOnlyDictionary<string, string> options)
    {
        long? size = null;
        var sized = options.TryGetValue("max-size", out var text) && !IsUnlimited(text);
        if (sized)
        {
            size = LogOptionValue.Size(text!);
            if (size <= 0)
            {
                throw new LogOptionException("max-size must be a positive number");
            }
        }

        var files = options.TryGetValue("max-file", out var count) ? LogOptionValue.Integer(count) : text is null ? DefaultFiles : 1;
        if (files < 1)
        {
            throw new LogOptionException("max-file cannot be less than 1");
        }

        var compress = text is null && files > 1;
        if (options.TryGetValue("compress", out var flag))
        {
            compress = LogOptionValue.Boolean(flag);
            if (compress && (!sized || files == 1))
            {
                throw new LogOptionException("compress cannot be true when max-file is less than 2 or max-size is not set");
            }
        }

        return new(text is null ? DefaultSize : size, files, compress);
    }

    private static LogLimits OfLocal(IReadOnlyDictionary<string, string> options, string prefix)
    {
        long? size = DefaultSize;
        if (options.TryGetValue(prefix + "max-size", out var text))
        {
            size = IsUnlimited(text) ? null : Value("max-size", text, LogOptionValue.Size);
        }

        var files = options.TryGetValue(prefix + "max-file", out var count) ? Value("max-file", count, LogOptionValue.Integer) : DefaultFiles;
        if (files < 0)
        {
            throw new LogOptionException("max-file must not be negative");
        }

        var compress = true;
        if (options.TryGetValue(prefix + "compress", out var flag))
        {
            try
            {
                compress = LogOptionValue.Boolean(flag);
            }
            catch (LogOptionException e)
            {
                throw new LogOptionException("invalid boolean value for compress: " + e.Message);
            }
        }

        return compress && files <= 1
            ? throw new LogOptionException("compression cannot be enabled when max file count is 1")
            : new(size, Math.Max(files, 1), compress);

        static T Value<T>(string name, string text, Func<string, T> read)
        {
            try
            {
                return read(text);
            }
            catch (LogOptionException e)
            {
                throw new LogOptionException($"invalid value for {name}: {text}: {e.Message}");
            }
        }
    }

    // Docker's manual says that -1 is its default, its parser refuses it. Here it is how somebody asks for it.
    private static bool IsUnlimited(string? text) => text == "-1";
}
