using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>Settings under <c>/proc/sys/net</c>. They belong to the network namespace of the thread that writes them.</summary>
internal static class NetworkSysctl
{
    /// <summary>
    /// The file of a setting, or null when it is none of a network namespace. Written with dots or with slashes; with
    /// slashes the dots of a link's name are kept, as sysctl(8) does.
    /// </summary>
    /// <exception cref="ErrorException">400: it would lead out of <c>/proc/sys/net</c>.</exception>
    public static string? PathOf(string key)
    {
        var separator = key.IndexOfAny(['.', '/']);
        if (separator < 0 || key[..separator] != "net")
        {
            return null;
        }

        var path = key[separator] == '.' ? key.Replace('.', '/') : key;
        return path.Split('/').All(s => s is not ("" or "." or ".."))
            ? "/proc/sys/" + path
            : throw new ErrorException(ErrorKind.Invalid, "network.sysctl", $"invalid sysctl '{key}'");
    }

    /// <summary>Writes a setting; ones of other namespaces are skipped.</summary>
    /// <exception cref="ErrorException">400: the kernel does not know it or refuses the value.</exception>
    public static void Write(string key, string value)
    {
        if (PathOf(key) is not { } path)
        {
            return;
        }

        try
        {
            // Opening must not create: procfs would answer EACCES where ENOENT is meant.
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(System.Text.Encoding.UTF8.GetBytes(value));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ErrorException(ErrorKind.Invalid, "network.sysctl", e is FileNotFoundException or DirectoryNotFoundException
                ? $"sysctl '{key}' does not exist"
                : $"sysctl '{key}' could not be set to '{value}': {e.Message}", e);
        }
    }

    /// <summary>Writes a setting unless it has the value already.</summary>
    public static void Ensure(string key, string value)
    {
        if (File.ReadAllText(PathOf(key)!).Trim() != value)
        {
            Write(key, value);
        }
    }

    /// <summary>Writes a setting that kernels may be built without.</summary>
    public static void WriteIfPresent(string key, string value)
    {
        if (File.Exists(PathOf(key)))
        {
            Write(key, value);
        }
    }
}
