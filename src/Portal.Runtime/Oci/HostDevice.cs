using System.Globalization;

namespace Portal.Runtime.Oci;

/// <summary>A device node of the host.</summary>
/// <param name="Path">Below /dev.</param>
/// <param name="IsBlock">Block rather than character device.</param>
/// <param name="Major">Major number.</param>
/// <param name="Minor">Minor number.</param>
/// <param name="Mode">Permission bits.</param>
public sealed record HostDevice(string Path, bool IsBlock, uint Major, uint Minor, int Mode)
{
    /// <summary>Lists devices from sysfs, which needs no walk through /dev and cannot be misled by what lies there.</summary>
    public static IReadOnlyList<HostDevice> ReadAll(string sysRoot)
    {
        var devices = new List<HostDevice>();
        Add(devices, sysRoot + "/dev/char", isBlock: false);
        Add(devices, sysRoot + "/dev/block", isBlock: true);
        devices.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return devices;
    }

    private static void Add(List<HostDevice> devices, string folder, bool isBlock)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        foreach (var entry in Directory.EnumerateFileSystemEntries(folder))
        {
            try
            {
                if (Parse(System.IO.Path.GetFileName(entry), File.ReadAllLines(entry + "/uevent"), isBlock) is { } device)
                {
                    devices.Add(device);
                }
            }
            catch (IOException)
            {
                // The device went away while the folder was read.
            }
        }
    }

    internal static HostDevice? Parse(string numbers, IEnumerable<string> uevent, bool isBlock)
    {
        string? name = null;
        var mode = 0x180; // 0600
        foreach (var line in uevent)
        {
            if (line.StartsWith("DEVNAME=", StringComparison.Ordinal))
            {
                name = line[8..];
            }
            else if (line.StartsWith("DEVMODE=", StringComparison.Ordinal))
            {
                mode = Convert.ToInt32(line[8..], 8);
            }
        }

        // The container's own /dev brings these; a terminal belongs to whoever holds it.
        if (name is null or "console" or "ptmx" || name.StartsWith("pts/", StringComparison.Ordinal) || name.Contains("..", StringComparison.Ordinal))
        {
            return null;
        }

        var colon = numbers.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            && uint.TryParse(numbers.AsSpan(0, colon), CultureInfo.InvariantCulture, out var major)
            && uint.TryParse(numbers.AsSpan(colon + 1), CultureInfo.InvariantCulture, out var minor)
            ? new("/dev/" + name, isBlock, major, minor, mode)
            : null;
    }
}
