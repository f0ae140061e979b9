using System.Globalization;
using System.Net;

namespace Portal.Runtime.Networks;

/// <summary>Which process of the host has a port. It looks at the files of every process: for refusals only.</summary>
internal static class PortHolder
{
    private const int Listening = 0x0a;

    /// <summary>A process whose socket keeps others off the port, as <c>nginx, pid 123</c>; null when it is not to be seen.</summary>
    public static string? Find(string protocol, IPAddress address, int port)
    {
        List<BoundSocket> sockets = [];
        foreach (var table in (string[])[protocol, protocol + "6"])
        {
            try
            {
                sockets.AddRange(Parse(File.ReadLines("/proc/net/" + table)).Where(s => s.Address.Port == port && IsInTheWay(s.Address.Address, address)));
            }
            catch (IOException)
            {
                // Without IPv6 there is no table of it.
            }
        }

        return sockets.OrderByDescending(s => s.State == Listening).Select(s => FindProcess(s.Inode)).FirstOrDefault(holder => holder is not null);
    }

    /// <summary>Sockets of a table as in proc_pid_net(5); what is no line of one is left out. Pure.</summary>
    public static IEnumerable<BoundSocket> Parse(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 9 && words[1].Split(':') is [{ Length: 8 or 32 } address, var port]
                && int.TryParse(port, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
                && int.TryParse(words[3], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var state)
                && ulong.TryParse(words[9], NumberStyles.None, CultureInfo.InvariantCulture, out var inode) && inode > 0)
            {
                yield return new(new(ParseAddress(address), number), state, inode);
            }
        }
    }

    /// <summary>Words of four bytes, each in the machine's order.</summary>
    private static IPAddress ParseAddress(string text)
    {
        var bytes = Convert.FromHexString(text);
        if (BitConverter.IsLittleEndian)
        {
            for (var word = 0; word < bytes.Length; word += 4)
            {
                bytes.AsSpan(word, 4).Reverse();
            }
        }

        var address = new IPAddress(bytes);
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    // A socket on every address of IPv6 may have those of IPv4 as well.
    private static bool IsInTheWay(IPAddress bound, IPAddress wanted) =>
        bound.Equals(wanted) || bound.Equals(IPAddress.IPv6Any)
        || (bound.AddressFamily == wanted.AddressFamily && (bound.Equals(IPAddress.Any) || wanted.Equals(IPAddress.Any) || wanted.Equals(IPAddress.IPv6Any)));

    private static string? FindProcess(ulong inode)
    {
        var wanted = string.Create(CultureInfo.InvariantCulture, $"socket:[{inode}]");
        // Of processes that share it, the first is the one that the others came from.
        foreach (var process in Directory.EnumerateDirectories("/proc").Select(p => int.TryParse(Path.GetFileName(p), CultureInfo.InvariantCulture, out var id) ? id : 0).Where(id => id > 0).Order())
        {
            try
            {
                if (Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Any(file => new FileInfo(file).LinkTarget == wanted))
                {
                    return string.Create(CultureInfo.InvariantCulture, $"{File.ReadAllText($"/proc/{process}/comm").Trim()}, pid {process}");
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended while we looked, or is not to be looked at.
            }
        }

        return null;
    }
}

/// <summary>A line of a table of sockets.</summary>
/// <param name="Address">Where it is bound.</param>
/// <param name="State">In the kernel's numbers.</param>
/// <param name="Inode">What links of open files name it by.</param>
internal readonly record struct BoundSocket(IPEndPoint Address, int State, ulong Inode);
