namespace Portal.Domain.Containers;

/// <summary>Whose namespace of one kind a container lives in.</summary>
public enum NamespaceKind
{
    /// <summary>What the engine does when nothing is said.</summary>
    Default,

    /// <summary>One of its own.</summary>
    Private,

    /// <summary>The host's.</summary>
    Host,

    /// <summary>Another container's.</summary>
    Container,

    /// <summary>One of its own that others may join (IPC only).</summary>
    Shareable,

    /// <summary>One of its own without /dev/shm (IPC only).</summary>
    None,
}

/// <summary>A namespace mode of the Engine API (<c>PidMode</c>, <c>IpcMode</c>, …), read. Which kinds are legal depends on the namespace.</summary>
/// <param name="Kind">Whose.</param>
/// <param name="Container">Id or name of the other container for <see cref="NamespaceKind.Container"/>; empty otherwise.</param>
public readonly record struct NamespaceMode(NamespaceKind Kind, string Container = "")
{
    private const string ContainerPrefix = "container:";

    /// <summary>Reads <c>""</c>, <c>private</c>, <c>host</c>, <c>shareable</c>, <c>none</c> or <c>container:x</c>. False for anything else.</summary>
    public static bool TryParse(string? text, out NamespaceMode mode)
    {
        mode = text switch
        {
            null or "" => default,
            "private" => new(NamespaceKind.Private),
            "host" => new(NamespaceKind.Host),
            "shareable" => new(NamespaceKind.Shareable),
            "none" => new(NamespaceKind.None),
            _ when text.StartsWith(ContainerPrefix, StringComparison.Ordinal) && text.Length > ContainerPrefix.Length => new(NamespaceKind.Container, text[ContainerPrefix.Length..]),
            _ => new((NamespaceKind)(-1)),
        };
        return mode.Kind >= 0;
    }

    /// <summary>The Engine API's word.</summary>
    public override string ToString() => Kind switch
    {
        NamespaceKind.Default => "",
        NamespaceKind.Private => "private",
        NamespaceKind.Host => "host",
        NamespaceKind.Container => ContainerPrefix + Container,
        NamespaceKind.Shareable => "shareable",
        NamespaceKind.None => "none",
    };
}
