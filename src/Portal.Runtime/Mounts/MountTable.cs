using System.Text;

namespace Portal.Runtime.Mounts;

/// <summary>One line of /proc/self/mountinfo (proc(5)).</summary>
/// <param name="Target">Where it is mounted.</param>
/// <param name="Shared">What is mounted below it goes to its peers.</param>
/// <param name="Slave">What is mounted below its master comes to it.</param>
/// <param name="Bindable">It can be mounted elsewhere too.</param>
internal readonly record struct MountTableEntry(string Target, bool Shared, bool Slave, bool Bindable);

/// <summary>The mounts that a process sees, in the order they were made. Pure, but for reading the file.</summary>
internal sealed class MountTable(IReadOnlyList<MountTableEntry> entries)
{
    public static MountTable Read() => Parse(File.ReadLines("/proc/self/mountinfo"));

    /// <summary>Reads lines such as <c>36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw</c>.</summary>
    public static MountTable Parse(IEnumerable<string> lines)
    {
        var entries = new List<MountTableEntry>();
        foreach (var line in lines)
        {
            var fields = line.Split(' ');
            var dash = Array.IndexOf(fields, "-", Math.Min(6, fields.Length));
            if (dash > 0 && dash + 1 < fields.Length)
            {
                var optional = fields[6..dash];
                entries.Add(new(
                    Unescape(fields[4]),
                    Shared: Array.Exists(optional, field => field.StartsWith("shared:", StringComparison.Ordinal)),
                    Slave: Array.Exists(optional, field => field.StartsWith("master:", StringComparison.Ordinal)),
                    // A namespace's handle is of no use elsewhere, and an automount point waits for somebody to mount it.
                    Bindable: !optional.Contains("unbindable") && fields[dash + 1] is not ("nsfs" or "autofs")));
            }
        }

        return new(entries);
    }

    /// <summary>The mount that a path (without links) lies on.</summary>
    public MountTableEntry MountOf(string path)
    {
        MountTableEntry found = new("/", false, false, true);
        foreach (var entry in entries)
        {
            // Of several at the same place the last one covers the others.
            if (entry.Target.Length >= found.Target.Length && Contains(entry.Target, path))
            {
                found = entry;
            }
        }

        return found;
    }

    /// <summary>Where something is mounted below a path (without links) that comes along with a recursive bind, parents first.</summary>
    public IReadOnlyList<string> Below(string path) =>
        [.. entries.Where(entry => entry.Bindable).Select(entry => entry.Target).Where(target => target != path && Contains(path, target)).Distinct().Order(StringComparer.Ordinal)];

    private static bool Contains(string folder, string path) =>
        folder == "/" || (path.StartsWith(folder, StringComparison.Ordinal) && (path.Length == folder.Length || path[folder.Length] == '/'));

    /// <summary>Blanks and such are written as three octal digits after a backslash.</summary>
    private static string Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
        {
            return text;
        }

        var bytes = new List<byte>();
        var raw = Encoding.UTF8.GetBytes(text);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] == '\\' && i + 3 < raw.Length && raw.AsSpan(i + 1, 3).IndexOfAnyExceptInRange((byte)'0', (byte)'7') < 0)
            {
                bytes.Add((byte)(((raw[i + 1] - '0') << 6) | ((raw[i + 2] - '0') << 3) | (raw[i + 3] - '0')));
                i += 3;
            }
            else
            {
                bytes.Add(raw[i]);
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
