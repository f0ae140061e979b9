using Portal.Runtime.Supervision;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Exec;

/// <summary>How an exec is run.</summary>
/// <param name="Files">Its files.</param>
/// <param name="RuntimePath">The OCI runtime.</param>
/// <param name="RuntimeArguments">Options of the OCI runtime before its command.</param>
/// <param name="Process">The process file.</param>
/// <param name="Detached">Without streams.</param>
/// <param name="HandsTerminalOver">
/// The runtime gives the terminal it made away and still stays for the exit code, as crun does. Others do one or the other;
/// they relay between theirs and one of ours.
/// </param>
/// <param name="Size">First size of its terminal; null for the terminal's own.</param>
/// <param name="Mappings">Of the container's user namespace; null for the host's.</param>
internal sealed record ExecLaunch(
    ExecFiles Files, string RuntimePath, IReadOnlyList<string> RuntimeArguments, byte[] Process, bool Detached, bool HandsTerminalOver, TerminalSize? Size,
    IdMappings? Mappings = null);

/// <summary>Who is told of an exec.</summary>
/// <param name="Ended">Called once, when the exit code is known and before the output ends.</param>
/// <param name="Detached">Its client left it by the detach keys.</param>
internal sealed record ExecNotices(Action<ExecProcess> Ended, Action<ExecProcess> Detached);
