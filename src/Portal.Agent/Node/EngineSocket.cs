using System.Net.Sockets;
using Portal.Runtime.Linux;

namespace Portal.Agent.Node;

/// <summary>The unix socket of the Engine API on disk.</summary>
internal static class EngineSocket
{
    private const string DefaultGroup = "portal";
    private const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute;
    private const UnixFileMode SocketMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    /// <summary>Makes way for a new socket: makes its folder, and removes a socket that nobody answers at.</summary>
    /// <returns>What is in the way, or null.</returns>
    public static string? Prepare(string path)
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!, FolderMode);
        if (Directory.Exists(path))
        {
            return $"{path} is a folder";
        }

        if (!File.Exists(path))
        {
            return null;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
            return $"another process answers at {path}";
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // Nobody listens: left behind by a process that was killed. A plain file refuses connections too, and stays.
            if (IsPlainFile(path))
            {
                return $"{path} is a file";
            }

            File.Delete(path);
            return null;
        }
        catch (SocketException e)
        {
            return $"{path} is in the way: {e.Message}";
        }
    }

    private static bool IsPlainFile(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            return true;
        }
        catch (IOException)
        {
            // ENXIO: sockets cannot be opened.
            return false;
        }
    }

    /// <summary>Opens the socket to its group. Until now it was root's alone: connecting takes the right to write.</summary>
    public static void Open(NodeOptions options, ILogger log)
    {
        var group = options.SocketGroup ?? (FileOwnership.GroupExists(DefaultGroup) ? DefaultGroup : null);
        if (group is not null)
        {
            FileOwnership.SetGroup(options.Socket, group);
            if (Path.GetDirectoryName(options.Socket) == options.Runtime.RunRoot)
            {
                // The group has to get through the run root, whose mode is 0710.
                FileOwnership.SetGroup(options.Runtime.RunRoot, group);
            }
        }
        else
        {
            log.NoSocketGroup(options.Socket, DefaultGroup);
        }

        File.SetUnixFileMode(options.Socket, SocketMode);
    }
}
