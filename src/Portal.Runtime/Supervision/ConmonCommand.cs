using Portal.Domain.Primitives;

namespace Portal.Runtime.Supervision;

/// <summary>Command line of conmon for one container. Pure.</summary>
internal sealed record ConmonCommand
{
    /// <summary>Number of the descriptor conmon reports the container's pid, or the runtime's error, on.</summary>
    public const int SyncDescriptor = 3;

    public required ContainerId Container { get; init; }

    /// <summary>Its bundle; also holds attach socket, control fifo, exit record and OOM mark.</summary>
    public required BundlePaths Bundle { get; init; }

    /// <summary>The file its output is written to; empty for none.</summary>
    public required string LogPath { get; init; }

    /// <summary>Its output goes to the journal as well, under this tag and <see cref="Name"/>; null for no.</summary>
    public string? JournalTag { get; init; }

    /// <summary>The container's name, for the journal.</summary>
    public string Name { get; init; } = "";

    /// <summary>Folder that gets a file with the exit code under the container's id.</summary>
    public required string ExitFolder { get; init; }

    /// <summary>OCI runtime program.</summary>
    public required string RuntimePath { get; init; }

    /// <summary>Options of the OCI runtime before its command.</summary>
    public required IReadOnlyList<string> RuntimeArguments { get; init; }

    public bool Tty { get; init; }

    /// <summary>The container gets a stdin.</summary>
    public bool OpenStdin { get; init; }

    /// <summary>Stdin ends with the first client that had it.</summary>
    public bool StdinOnce { get; init; }

    /// <summary>Variables conmon needs beside the allow-list of every helper.</summary>
    public static IReadOnlyList<string> Environment { get; } =
        ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", $"_OCI_SYNCPIPE={SyncDescriptor}"];

    /// <summary>Arguments without the program.</summary>
    public IReadOnlyList<string> Arguments()
    {
        List<string> arguments =
        [
            "--sync", "--full-attach", "--no-sync-log", "--log-level", "error",
            "--cid", Container.Value, "--cuuid", Container.Value, "--name", JournalTag is null ? Container.Value : Name,
            "--bundle", Bundle.Folder, "--persist-dir", Bundle.Folder, "--container-pidfile", Bundle.PidFile,
            "--exit-dir", ExitFolder, "--log-path", LogPath.Length > 0 ? "k8s-file:" + LogPath : "none",
            "--runtime", RuntimePath,
        ];
        if (JournalTag is not null)
        {
            // Beside the file, not instead of it: everything that reads a log reads the file.
            arguments.AddRange("--log-path", "journald", "--log-tag", JournalTag);
        }

        foreach (var argument in RuntimeArguments)
        {
            arguments.Add("--runtime-arg=" + argument);
        }

        if (Tty)
        {
            arguments.Add("--terminal");
        }

        if (OpenStdin)
        {
            arguments.Add("--stdin");

            // Our one connection ends with every restart of the agent: only where the client's end is meant to be the end of
            // stdin may conmon close it then. A terminal has no such end.
            if (Tty || !StdinOnce)
            {
                arguments.Add("--leave-stdin-open");
            }
        }

        return arguments;
    }
}

/// <summary>Files of a container's bundle. All of them are of this boot only.</summary>
/// <param name="Folder">The bundle.</param>
internal sealed record BundlePaths(string Folder)
{
    /// <summary>OCI configuration.</summary>
    public string Config => Folder + "/config.json";

    /// <summary>Number of the init process, written by the OCI runtime.</summary>
    public string PidFile => Folder + "/pid";

    /// <summary>Present when the kernel killed a process of the container for memory.</summary>
    public string OomMark => Folder + "/oom";

    /// <summary>Socket of stdio (SOCK_SEQPACKET).</summary>
    public string AttachSocket => Folder + "/attach";

    /// <summary>Takes <c>1 rows columns</c> lines.</summary>
    public string ControlFifo => Folder + "/ctl";

    /// <summary>What a start was going to be, written before it happens: lets a new agent adopt or roll back a start it did not see the end of.</summary>
    public string Intent => Folder + "/intent.json";
}
