using System.Runtime.InteropServices;
using Portal.Runtime.Linux;
using Portal.Runtime.Supervision;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Exec;

/// <summary>This side of an exec's stdio, and the child's until it is started.</summary>
internal sealed class ExecStdio : IDisposable
{
    private readonly Dictionary<int, SafeHandle> _theirs = [];

    /// <summary>Stdin of the process; null when it has none.</summary>
    public DescriptorStream? Input { get; private set; }

    public DescriptorStream? Output { get; private set; }

    public DescriptorStream? Error { get; private set; }

    /// <summary>Where the OCI runtime hands its terminal over; null when it does not.</summary>
    public ConsoleSocket? Console { get; set; }

    /// <summary>This side of a terminal that the OCI runtime relays to; null when it does not.</summary>
    public DescriptorStream? Terminal { get; private set; }

    /// <summary>The child's descriptors by number.</summary>
    public IReadOnlyDictionary<int, SafeHandle> Theirs => _theirs;

    /// <summary>Makes pipes.</summary>
    /// <param name="stdin">One for input too.</param>
    /// <param name="mappings">Of the container's user namespace; null for the host's.</param>
    public void OpenPipes(bool stdin, IdMappings? mappings)
    {
        Output = Add(1, Pipe.FromChild(), mappings);
        Error = Add(2, Pipe.FromChild(), mappings);
        if (stdin)
        {
            Input = Add(0, Pipe.ToChild(), mappings);
        }
    }

    /// <summary>Makes a terminal of this side and gives it to the child.</summary>
    public void OpenTerminal(TerminalSize? size)
    {
        var pair = PseudoTerminal.Open();
        Terminal = pair.Ours;
        (_theirs[0], _theirs[1], _theirs[2]) = (pair.Theirs, pair.Theirs, pair.Theirs);
        if (size is { } first)
        {
            Terminal.Resize(first.Rows, first.Columns);
        }
    }

    /// <summary>The child has them now; an end that stays open here would never be seen closed.</summary>
    public void CloseTheirs()
    {
        foreach (var handle in _theirs.Values)
        {
            handle.Dispose();
        }
    }

    public void Dispose()
    {
        CloseTheirs();
        Input?.Dispose();
        Output?.Dispose();
        Error?.Dispose();
        Console?.Dispose();
        Terminal?.Dispose();
    }

    private DescriptorStream Add(int number, Pipe pipe, IdMappings? mappings)
    {
        _theirs[number] = pipe.Theirs;
        if (mappings is not null)
        {
            // From the container's root on the OCI runtime can hand them to the exec's user, from the host's it cannot.
            _ = Libc.ChangeOwnerAt(pipe.Theirs, [], mappings.RootUser, mappings.RootGroup);
        }

        return pipe.Ours;
    }
}
