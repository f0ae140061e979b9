using System.Runtime.InteropServices;

namespace Portal.Runtime.Linux;

/// <summary>Group ownership of files, by the group's name.</summary>
public static class FileOwnership
{
    private const uint Unchanged = uint.MaxValue;
    private static readonly Lock s_groups = new();

    /// <summary>True when the system knows a group of that name (or number).</summary>
    public static bool GroupExists(string groupName) => FindGroup(groupName) is not null;

    /// <summary>Gives the file to the group and leaves its user alone.</summary>
    /// <exception cref="LinuxException">The group is not known (ENOENT), or the file cannot be changed.</exception>
    public static void SetGroup(string path, string groupName)
    {
        var group = FindGroup(groupName) ?? throw new LinuxException("getgrnam", groupName, Errno.ENOENT);
        _ = Libc.Check(() => Libc.Chown(path, Unchanged, group), "chown", path);
    }

    private static uint? FindGroup(string name)
    {
        lock (s_groups)
        {
            var entry = Libc.GetGroupByName(name);
            if (entry != 0)
            {
                // struct group { char *gr_name; char *gr_passwd; gid_t gr_gid; … }
                return (uint)Marshal.ReadInt32(entry, 2 * nint.Size);
            }
        }

        return uint.TryParse(name, out var number) ? number : null;
    }
}
