using System.Text;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Containers;

/// <summary>The OCI runtime's words for a program that cannot be run, or a mount that cannot be made, in Docker's. Pure.</summary>
/// <param name="Error">For the caller.</param>
/// <param name="ExitCode">127 not found, 126 not executable, 128 anything else.</param>
internal sealed record StartFailure(Error Error, int ExitCode)
{
    private const string CreatePrefix =
        "failed to create task for container: failed to create shim task: OCI runtime create failed: ";

    private static readonly string[] s_ofValues = ["Invalid argument", "Numerical result out of range", "Argument list too long"];

    /// <summary>Reads the failure of a container's start.</summary>
    /// <param name="program">The first argument.</param>
    /// <param name="message">What the OCI runtime printed.</param>
    public static StartFailure OfContainer(string program, string message)
    {
        message = Plain(message);
        // Its mounts come before its program.
        if (message.Contains("mount", StringComparison.Ordinal) && message.Contains("ot a directory", StringComparison.Ordinal))
        {
            return new(
                new(
                    ErrorKind.Invalid, "container.mount_failed",
                    $"{CreatePrefix}{Clean(message)}: unknown: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type"),
                127);
        }

        var (reason, exitCode) = Reason(program, message);
        return reason is null
            ? new(new(IsOfAValue(message) ? ErrorKind.Invalid : ErrorKind.Internal, "container.start_failed", $"{CreatePrefix}{Clean(message)}: unknown"), 128)
            : new(new(ErrorKind.Invalid, "container.command_failed", $"{CreatePrefix}runc create failed: unable to start container process: {reason}: unknown"), exitCode);
    }

    /// <summary>The line an exec leaves in its output, and its exit code.</summary>
    public static (string Line, int ExitCode) OfExec(string program, string message)
    {
        message = Plain(message);
        var (reason, exitCode) = Reason(program, message);
        return reason is null
            ? ($"OCI runtime exec failed: exec failed: {Clean(message.StartsWith("exec failed: ", StringComparison.Ordinal) ? message[13..] : message)}: unknown\r\n", 126)
            : ($"OCI runtime exec failed: exec failed: unable to start container process: {reason}: unknown\r\n", exitCode);
    }

    private static (string? Reason, int ExitCode) Reason(string program, string message)
    {
        var missing = message.Contains("executable file", StringComparison.Ordinal) && message.Contains("not found", StringComparison.Ordinal);
        if (missing
            || message.Contains($"exec: \"{program}\": stat {program}: no such file", StringComparison.Ordinal)
            || (message.Contains("open executable", StringComparison.Ordinal) && message.Contains("No such file", StringComparison.Ordinal)))
        {
            return program.Contains('/', StringComparison.Ordinal)
                ? ($"exec: \"{program}\": stat {program}: no such file or directory", 127)
                : ($"exec: \"{program}\": executable file not found in $PATH", 127);
        }

        if (message.Contains("ermission denied", StringComparison.Ordinal) && message.Contains("exec", StringComparison.Ordinal))
        {
            return ($"exec: \"{program}\": permission denied", 126);
        }

        if (message.Contains("Exec format error", StringComparison.Ordinal))
        {
            return ($"exec {program}: exec format error", 126);
        }

        // crun opens the program as a file to be run; the kernel's EPERM there means a directory.
        var directory = message.Contains("s a directory", StringComparison.Ordinal) || message.Contains("Operation not permitted", StringComparison.Ordinal);
        return directory && message.Contains("exec", StringComparison.Ordinal)
            // Docker 20.10's client takes 126 from the second half, later ones take it from either.
            ? ($"exec: \"{program}\": is a directory: permission denied", 126)
            : (null, 128);
    }

    /// <summary>EINVAL, ERANGE and E2BIG are what the kernel says of a limit, a setting or an option that it was given and does not take.</summary>
    private static bool IsOfAValue(string message) => Array.Exists(s_ofValues, words => message.TrimEnd().EndsWith(words, StringComparison.OrdinalIgnoreCase));

    /// <summary>The message in the last line of a log as runc writes it: <c>time="…" level=error msg="…"</c>.</summary>
    private static string Plain(string message)
    {
        const string Key = "level=error msg=\"";
        var start = message.LastIndexOf(Key, StringComparison.Ordinal);
        if (start < 0)
        {
            return message;
        }

        var text = new StringBuilder();
        for (var i = start + Key.Length; i < message.Length && message[i] != '"'; i++)
        {
            if (message[i] == '\\' && i + 1 < message.Length)
            {
                i++;
                text.Append(message[i] == 'n' ? '\n' : message[i]);
            }
            else
            {
                text.Append(message[i]);
            }
        }

        return text.ToString();
    }

    private static string Clean(string message) => message.Trim().Replace("\n", "; ", StringComparison.Ordinal);
}
