using System.Collections.Immutable;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Oci;

/// <summary>The OCI runtimes of this host by name: those that are configured, and crun and runc where they are installed.</summary>
public sealed class OciRuntimes
{
    /// <summary>What clients call the default runtime of an engine on containerd.</summary>
    public const string ShimName = "io.containerd.runc.v2";

    private static readonly string[] s_builtIn = ["crun", "runc"];
    private static readonly string[] s_folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    private readonly ImmutableSortedDictionary<string, string> _paths;

    public OciRuntimes(RuntimeOptions options) : this(options, File.Exists) { }

    internal OciRuntimes(RuntimeOptions options, Func<string, bool> exists)
    {
        var paths = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var name in s_builtIn)
        {
            if (s_folders.Select(folder => $"{folder}/{name}").FirstOrDefault(exists) is { } path)
            {
                paths[name] = path;
            }
        }

        paths[Path.GetFileName(options.OciRuntimePath)] = options.OciRuntimePath;
        foreach (var (name, path) in options.Runtimes)
        {
            paths[name] = path;
        }

        _paths = paths.ToImmutable();
        Default = options.DefaultRuntime ?? Path.GetFileName(options.OciRuntimePath);
    }

    /// <summary>Name of the one that runs containers which name none.</summary>
    public string Default { get; }

    /// <summary>Programs by name.</summary>
    public IReadOnlyDictionary<string, string> Paths => _paths;

    /// <summary>The name a container keeps: another default tomorrow must not change what deletes it.</summary>
    /// <param name="name">As asked; empty for the default.</param>
    /// <exception cref="ErrorException">400: nobody knows it.</exception>
    public string Resolve(string name) =>
        name is "" or ShimName ? Default
        : _paths.ContainsKey(name) ? name
        : throw new ErrorException(ErrorKind.Invalid, "container.unknown_runtime", $"unknown or invalid runtime name: {name}");

    /// <summary>True for crun itself, of whose ways this program knows more than the specification says.</summary>
    internal static bool IsCrun(string path) => Path.GetFileName(path) == "crun";
}
