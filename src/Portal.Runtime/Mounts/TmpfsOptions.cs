using System.Globalization;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Mounts;

/// <summary>
/// Options of a tmpfs. What a request may say is a list of its own: options are handed to the kernel as one text, and one
/// that nobody checked could turn the mount into another. Pure.
/// </summary>
internal static class TmpfsOptions
{
    private static readonly string[] s_defaults = ["noexec", "nosuid", "nodev", "rprivate"];

    /// <summary>Flags; of each row the last one given counts.</summary>
    private static readonly string[][] s_flags =
    [
        ["ro", "rw"], ["exec", "noexec"], ["suid", "nosuid"], ["dev", "nodev"], ["sync", "async"], ["dirsync"], ["mand", "nomand"], ["atime", "noatime"],
        ["diratime", "nodiratime"], ["relatime", "norelatime"], ["strictatime", "nostrictatime"],
        ["private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable", "runbindable"],
    ];

    private static readonly string[] s_policies = ["default", "prefer", "bind", "interleave", "local"];

    private static readonly string[] s_values = ["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"];

    /// <summary>The options of a mount: the engine's, those of the long form's members, then what it says besides.</summary>
    /// <exception cref="ErrorException">400: an option that is not known, or a number out of range.</exception>
    public static IReadOnlyList<string> Of(MountSpec mount)
    {
        List<string> options = [.. s_defaults];
        if (mount.ReadOnly)
        {
            options.Add("ro");
        }

        if (mount.TmpfsMode != 0)
        {
            options.Add(mount.TmpfsMode is > 0 and <= 0xFFF ? "mode=" + Convert.ToString(mount.TmpfsMode, 8) : throw Invalid($"invalid tmpfs mode {mount.TmpfsMode}"));
        }

        if (mount.TmpfsSizeBytes != 0)
        {
            options.Add(mount.TmpfsSizeBytes > 0 ? "size=" + mount.TmpfsSizeBytes.ToString(CultureInfo.InvariantCulture) : throw Invalid($"invalid tmpfs size {mount.TmpfsSizeBytes}"));
        }

        if (mount.TmpfsOptions.Length > 0)
        {
            options.AddRange(mount.TmpfsOptions.Split(','));
        }

        return Merge(options);
    }

    /// <summary>Checks options and drops those that a later one replaces.</summary>
    internal static IReadOnlyList<string> Merge(IReadOnlyList<string> options)
    {
        var merged = new List<string>(options.Count);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var option in options.Reverse())
        {
            if (option != "defaults" && seen.Add(KeyOf(option)))
            {
                merged.Insert(0, option);
            }
        }

        return merged;
    }

    /// <summary>What an option decides.</summary>
    private static string KeyOf(string option)
    {
        if (Array.Find(s_flags, row => row.Contains(option)) is { } flags)
        {
            return flags[0];
        }

        var equals = option.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? option : option[..equals];
        return equals < 0 || !s_values.Contains(name) ? throw Invalid($"invalid tmpfs option \"{name}\"")
            : IsValue(name, option[(equals + 1)..]) ? name
            : throw Invalid($"invalid value of tmpfs option \"{option}\"");
    }

    /// <summary>As tmpfs(5) has them.</summary>
    private static bool IsValue(string name, string value) => name switch
    {
        "mode" => value.Length is > 0 and <= 6 && !value.AsSpan().ContainsAnyExceptInRange('0', '7'),
        "uid" or "gid" => uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id != uint.MaxValue,
        "mpol" => s_policies.Any(policy => value.StartsWith(policy, StringComparison.Ordinal)) && !value.AsSpan().ContainsAny('\0', '\n'),
        _ => IsAmount(value, percent: name == "size"),
    };

    private static bool IsAmount(string value, bool percent)
    {
        var digits = value.AsSpan().IndexOfAnyExceptInRange('0', '9');
        return digits < 0
            ? ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            : digits == value.Length - 1 && ulong.TryParse(value.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out _)
                && ("kmgtpeKMGTPE".Contains(value[digits], StringComparison.Ordinal) || (percent && value[digits] == '%'));
    }

    private static ErrorException Invalid(string message) => new(ErrorKind.Invalid, "container.invalid_tmpfs", message);
}
