namespace Portal.Runtime.Linux;

/// <summary>A system call failed. The message names the call, what it acted on, and the errno.</summary>
public sealed class LinuxException : IOException
{
    /// <summary>Describes a failed call.</summary>
    /// <param name="call">Name of the system call, for instance <c>mount</c>.</param>
    /// <param name="subject">What it acted on: a path, a link name.</param>
    /// <param name="errno">The error number.</param>
    public LinuxException(string call, string subject, Errno errno)
        : base($"{call} {subject}: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage((int)errno)} ({errno})") => (Call, Subject, Errno) = (call, subject, errno);

    public string Call { get; }

    public string Subject { get; }

    public Errno Errno { get; }

    /// <summary>An error number in Docker's words, which begin small: <c>no such file or directory</c>.</summary>
    public static string Words(Errno errno)
    {
        var text = System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage((int)errno);
        return char.ToLowerInvariant(text[0]) + text[1..];
    }
}
