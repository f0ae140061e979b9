using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>
/// A terminal between this process and a child that passes on to another one: it hands every byte through as it is, the
/// other one does the line editing.
/// </summary>
internal sealed unsafe class PseudoTerminal : IDisposable
{
    private const int ReadWrite = 2, NoControllingTerminal = 0x100;
    private const nuint UnlockRequest = 0x40045431, PeerRequest = 0x5441;

    // Larger than struct termios of any C library (60).
    private const int TermiosSize = 256;

    private PseudoTerminal(DescriptorStream ours, SafeFileHandle theirs) => (Ours, Theirs) = (ours, theirs);

    /// <summary>The master side.</summary>
    public DescriptorStream Ours { get; }

    /// <summary>The terminal; close it here once the child is started, or its end is never seen.</summary>
    public SafeFileHandle Theirs { get; }

    /// <summary>Makes one.</summary>
    /// <exception cref="LinuxException">There is no more to be had.</exception>
    public static PseudoTerminal Open()
    {
        var master = Check(Libc.OpenTerminal(ReadWrite | NoControllingTerminal | Libc.OpenCloseOnExec), "posix_openpt");
        try
        {
            var locked = 0;
            Check(Libc.TerminalControl(master, UnlockRequest, &locked), "unlockpt");
            var terminal = new SafeFileHandle(Check(Libc.TerminalPeer(master, PeerRequest, ReadWrite | NoControllingTerminal | Libc.OpenCloseOnExec), "TIOCGPTPEER"), ownsHandle: true);
            var settings = stackalloc byte[TermiosSize];
            if (Libc.GetTerminalSettings((int)terminal.DangerousGetHandle(), settings) == 0)
            {
                Libc.MakeRaw(settings);
                _ = Libc.SetTerminalSettings((int)terminal.DangerousGetHandle(), 0, settings);
            }

            return new(new DescriptorStream(master), terminal);
        }
        catch
        {
            new SafeFileHandle(master, ownsHandle: true).Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Ours.Dispose();
        Theirs.Dispose();
    }

    private static int Check(int result, string call) => result >= 0 ? result : throw new LinuxException(call, "terminal", (Errno)Marshal.GetLastPInvokeError());
}
