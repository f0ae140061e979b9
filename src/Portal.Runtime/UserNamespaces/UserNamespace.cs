using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.UserNamespaces;

/// <summary>A user namespace, held by a descriptor, and the network namespace that belongs to it.</summary>
internal sealed class UserNamespace : IDisposable
{
    // One for each mapping that was ever used: one.
    private static readonly ConcurrentDictionary<IdMappings, Lazy<UserNamespace>> s_shared = new();

    private UserNamespace(IdMappings mappings, bool network)
    {
        Mappings = mappings;
        (Handle, Network) = NamespaceProcess.Make(Lines(mappings.Users), Lines(mappings.Groups), network);
    }

    public IdMappings Mappings { get; }

    public SafeFileHandle Handle { get; }

    /// <summary>An empty network namespace of which the user namespace's root is master; null where none was asked for.</summary>
    public SafeFileHandle? Network { get; }

    /// <summary>Where another process of root finds it, for as long as this object lives.</summary>
    public string Path => $"/proc/{Environment.ProcessId}/fd/{Handle.DangerousGetHandle()}";

    /// <summary>One of its own for a container about to start.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    public static UserNamespace Make(IdMappings mappings, bool network) => new(mappings, network);

    /// <summary>One that no process is ever in: it tells the kernel how owners of files are to be seen.</summary>
    /// <inheritdoc cref="Make" path="/exception"/>
    public static SafeFileHandle For(IdMappings mappings)
    {
        var shared = s_shared.GetOrAdd(mappings, key => new(() => new(key, network: false)));
        try
        {
            return shared.Value.Handle;
        }
        catch
        {
            // A failure is not remembered.
            s_shared.TryRemove(new(mappings, shared));
            throw;
        }
    }

    public void Dispose()
    {
        Handle.Dispose();
        Network?.Dispose();
    }

    private static string Lines(IReadOnlyList<IdRange> ranges) => string.Concat(ranges.Select(range => range + "\n"));
}
