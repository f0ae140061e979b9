using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>
/// Options of the local volume driver: what the kernel mounts in the volume's place. Pure, so that whoever decides about a
/// request sees the same in it as the engine that carries it out.
/// </summary>
public sealed class VolumeOptions
{
    private const string TypeOption = "type", MountOption = "o", DeviceOption = "device", SizeOption = "size";
    private const string Mask = "********";

    private static readonly string[] s_memory = ["tmpfs", "ramfs"];
    private static readonly string[] s_network = ["nfs", "nfs4", "cifs", "smb3", "ceph", "afs", "9p"];
    private static readonly string[] s_secrets = ["password", "password2", "pass", "username", "user"];

    private VolumeOptions(IReadOnlyDictionary<string, string>? given)
    {
        Given = given;
        Type = given?.GetValueOrDefault(TypeOption) ?? "";
        Device = given?.GetValueOrDefault(DeviceOption) ?? "";
        MountOptions = Split(given?.GetValueOrDefault(MountOption) ?? "");
        Backing = Type.Length == 0 && Device.Length == 0 ? VolumeBacking.Folder
            : MountOptions.Any(option => option is "bind" or "rbind") || Type is "none" or "bind" ? VolumeBacking.HostFolder
            : s_memory.Contains(Type) ? VolumeBacking.Memory
            : s_network.Contains(Type) ? VolumeBacking.Network
            : VolumeBacking.HostDevice;
    }

    /// <summary>A plain folder.</summary>
    public static VolumeOptions None { get; } = new(null);

    /// <summary>As they were given, with what is secret in them; null when none were.</summary>
    public IReadOnlyDictionary<string, string>? Given { get; }

    /// <summary>File system; empty for a plain folder.</summary>
    public string Type { get; }

    /// <summary>What is mounted.</summary>
    public string Device { get; }

    /// <summary>Options of the mount, one by one. They may hold a password.</summary>
    public IReadOnlyList<string> MountOptions { get; }

    /// <summary>Where the data is.</summary>
    public VolumeBacking Backing { get; }

    /// <summary>The kernel mounts something when the volume is used.</summary>
    public bool IsMounted => Backing != VolumeBacking.Folder;

    /// <summary>Whoever uses the volume has a folder of the host, as by a bind mount. To be judged like one.</summary>
    public bool IsHostBind => Backing == VolumeBacking.HostFolder;

    /// <summary>Whoever uses the volume has something of the host: a folder, or a device.</summary>
    public bool ReachesHost => Backing is VolumeBacking.HostFolder or VolumeBacking.HostDevice;

    /// <summary>The options without names and passwords of accounts; null when none were given.</summary>
    public IReadOnlyDictionary<string, string>? Shown =>
        Given?.ToDictionary(option => option.Key, option => option.Key == MountOption ? string.Join(',', MountOptions.Select(Hide)) : option.Value);

    /// <summary>True when an option is the name or the password of an account, which nobody is shown.</summary>
    public static bool IsSecret(string mountOption) =>
        mountOption.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals && s_secrets.Contains(mountOption[..equals].Trim(), StringComparer.OrdinalIgnoreCase);

    /// <summary>Options that were checked before.</summary>
    public static VolumeOptions Of(IReadOnlyDictionary<string, string>? given) => given is null ? None : new(given);

    /// <summary>Reads options, in Docker's words where they are wrong.</summary>
    /// <param name="volume">Name of the volume, for messages.</param>
    /// <param name="given">The options; null for none.</param>
    /// <exception cref="ErrorException">400: an option that is unknown, missing, or cannot be had.</exception>
    public static VolumeOptions Parse(string volume, IReadOnlyDictionary<string, string>? given)
    {
        if (given is not { Count: > 0 })
        {
            return Of(given);
        }

        foreach (var (option, value) in given)
        {
            if (option is not (TypeOption or MountOption or DeviceOption or SizeOption))
            {
                throw Invalid(volume, $"invalid option: \"{option}\"");
            }

            if (value.AsSpan().ContainsAny('\0', '\n'))
            {
                throw Invalid(volume, $"invalid option: \"{option}\" holds a character that none can have");
            }
        }

        if (given.TryGetValue(SizeOption, out var size))
        {
            var bytes = Bytes(size) ?? throw Invalid(volume, $"invalid size: '{size}'");
            if (bytes > 0)
            {
                throw Invalid(volume, "quota size requested but no quota support");
            }
        }

        if (given.ContainsKey(MountOption) || given.ContainsKey(TypeOption))
        {
            Demand(DeviceOption);
        }

        if (given.ContainsKey(MountOption) || given.ContainsKey(DeviceOption))
        {
            Demand(TypeOption);
        }

        var options = new VolumeOptions(given);
        if (options.MountOptions.Contains("remount"))
        {
            throw Invalid(volume, "invalid option: \"o\": a volume is mounted anew, there is nothing to remount");
        }

        if (options.IsHostBind && !options.Device.StartsWith('/'))
        {
            throw Invalid(volume, $"invalid option: \"device\": {options.Device} is no absolute path");
        }

        return options;

        void Demand(string option)
        {
            if (string.IsNullOrEmpty(given.GetValueOrDefault(option)))
            {
                throw Invalid(volume, $"missing required option: \"{option}\"");
            }
        }
    }

    /// <summary>Options between commas. In an account's name or password a comma is written twice (mount.cifs(8)).</summary>
    private static List<string> Split(string text)
    {
        var options = new List<string>();
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf(',', start);
            end = end < 0 ? text.Length : end;
            if (IsSecret(text[start..end]))
            {
                while (end + 1 < text.Length && text[end + 1] == ',')
                {
                    end = text.IndexOf(',', end + 2);
                    end = end < 0 ? text.Length : end;
                }
            }

            if (end > start)
            {
                options.Add(text[start..end]);
            }

            start = end + 1;
        }

        return options;
    }

    private static string Hide(string option) => IsSecret(option) ? option[..(option.IndexOf('=', StringComparison.Ordinal) + 1)] + Mask : option;

    /// <summary>A size as people write it (<c>10m</c>, <c>1.5GiB</c>); null when it is none.</summary>
    private static double? Bytes(string text)
    {
        var digits = text.AsSpan().TrimEnd("bBiI").TrimEnd(' ');
        var power = digits.Length == 0 ? -1 : "kmgtp".IndexOf(char.ToLowerInvariant(digits[^1]), StringComparison.Ordinal) + 1;
        var number = power > 0 ? digits[..^1].TrimEnd(' ') : digits;
        return double.TryParse(number, System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out var value)
            ? value * Math.Pow(1024, Math.Max(0, power)) : null;
    }

    private static ErrorException Invalid(string volume, string reason) => new(ErrorKind.Invalid, "volume.invalid_option", $"create {volume}: {reason}");
}
