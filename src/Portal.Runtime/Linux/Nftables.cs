using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Portal.Runtime.Linux.Netlink;

namespace Portal.Runtime.Linux;

/// <summary>
/// Applies nft command text through libnftables, in this process. One text is one transaction: all of it takes effect or
/// nothing. Safe for concurrent use; must be created on a thread in the host's network namespace.
/// </summary>
internal sealed partial class Nftables : IDisposable
{
    private const string Library = "libnftables.so.1";
    private const uint NumericAll = 0x780;
    private const uint Stateless = 1 << 2;
    private const uint Terse = 1 << 11;
    private const ushort GetGeneration = (10 << 8) | 16;

    private readonly Lock _gate = new();
    private readonly NetlinkSocket _netfilter = new(Libc.NetlinkNetfilter);
    private nint _context;
    private int? _descriptor;

    public Nftables()
    {
        _context = New(0);
        if (_context == 0 || BufferOutput(_context) != 0 || BufferError(_context) != 0)
        {
            throw new InvalidOperationException("libnftables could not be set up.");
        }

        KeepFromChildren();
    }

    /// <summary>Runs one transaction.</summary>
    /// <exception cref="NftablesException">The rules were refused; nothing changed.</exception>
    public void Apply(string commands) => Run(commands, 0);

    /// <summary>What a listing command prints, numbers instead of names.</summary>
    /// <param name="command">For instance <c>list table ip portal0</c>.</param>
    /// <param name="terse">Leave out the elements of sets and maps.</param>
    /// <exception cref="NftablesException">There is no such object.</exception>
    public string List(string command, bool terse) => Run(command, NumericAll | Stateless | (terse ? Terse : 0));

    /// <summary>The number of the ruleset's last change, by anybody. Asking costs microseconds.</summary>
    public uint Generation()
    {
        uint generation = 0;
        var message = new NetlinkMessage(GetGeneration, NetlinkMessage.Request | NetlinkMessage.Ack).Put(default(NetlinkMessage.NetfilterHeader));
        _netfilter.Exchange(message, "get nft generation", "ruleset", reply =>
        {
            foreach (var attribute in NetlinkReply.Attributes(reply.Payload, 4))
            {
                if (attribute.Type == 1)
                {
                    generation = BinaryPrimitives.ReadUInt32BigEndian(attribute.Value);
                }
            }
        });
        return generation;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_context != 0)
            {
                Free(_context);
                _context = 0;
            }
        }

        _netfilter.Dispose();
    }

    /// <summary>
    /// The library opens its socket without close-on-exec, and again when a listing was disturbed. A container that
    /// inherited it would hold the host's firewall in its hands.
    /// </summary>
    private void KeepFromChildren()
    {
        if (_descriptor is { } known && Libc.IsNetlinkSocket(known, Libc.NetlinkNetfilter))
        {
            Libc.CloseOnExec(known, "nftables");
            return;
        }

        // Nothing to watch if this version of the library sets the flag itself, as we do on our own sockets.
        _descriptor = null;
        foreach (var path in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var descriptor)
                && Libc.IsNetlinkSocket(descriptor, Libc.NetlinkNetfilter) && !Libc.IsCloseOnExec(descriptor))
            {
                Libc.CloseOnExec(descriptor, "nftables");
                _descriptor = descriptor;
            }
        }
    }

    private string Run(string commands, uint outputFlags)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_context == 0, this);
            SetOutputFlags(_context, outputFlags);
            var rc = RunCommands(_context, commands);
            if (_descriptor is not null)
            {
                KeepFromChildren();
            }

            // Reading a buffer empties it, so both are read whatever happened.
            var output = Marshal.PtrToStringUTF8(OutputBuffer(_context)) ?? "";
            var error = Marshal.PtrToStringUTF8(ErrorBuffer(_context)) ?? "";
            return rc == 0 ? output : throw new NftablesException(error.Trim());
        }
    }

    [LibraryImport(Library, EntryPoint = "nft_ctx_new")]
    private static partial nint New(uint flags);

    [LibraryImport(Library, EntryPoint = "nft_ctx_free")]
    private static partial void Free(nint context);

    [LibraryImport(Library, EntryPoint = "nft_ctx_buffer_output")]
    private static partial int BufferOutput(nint context);

    [LibraryImport(Library, EntryPoint = "nft_ctx_buffer_error")]
    private static partial int BufferError(nint context);

    [LibraryImport(Library, EntryPoint = "nft_ctx_get_output_buffer")]
    private static partial nint OutputBuffer(nint context);

    [LibraryImport(Library, EntryPoint = "nft_ctx_get_error_buffer")]
    private static partial nint ErrorBuffer(nint context);

    [LibraryImport(Library, EntryPoint = "nft_ctx_output_set_flags")]
    private static partial void SetOutputFlags(nint context, uint flags);

    [LibraryImport(Library, EntryPoint = "nft_run_cmd_from_buffer", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RunCommands(nint context, string commands);
}
