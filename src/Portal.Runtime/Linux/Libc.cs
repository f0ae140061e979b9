using System.Runtime.InteropServices;

namespace Portal.Runtime.Linux;

/// <summary>The C library, one partial file per concern (<c>Libc.Mount.cs</c>, <c>Libc.Process.cs</c>, …).</summary>
internal static partial class Libc
{
    private const string LibC = "libc";

    /// <summary>Repeats <paramref name="call"/> on EINTR and throws <see cref="LinuxException"/> on any other failure.</summary>
    public static int Check(Func<int> call, string name, string subject)
    {
        int rc;
        while ((rc = call()) < 0)
        {
            var errno = (Errno)Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR)
            {
                throw new LinuxException(name, subject, errno);
            }
        }

        return rc;
    }
}
