using System.Globalization;

namespace Portal.Runtime.Oci;

/// <summary>A set of Linux capabilities, one bit each as in capabilities(7).</summary>
/// <param name="Bits">Bit n is capability number n.</param>
public readonly record struct CapabilitySet(ulong Bits)
{
    private static readonly string[] s_names =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
        "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK",
        "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN",
        "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
        "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
        "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ];

    /// <summary>No capability.</summary>
    public static CapabilitySet None => default;

    /// <summary>Every capability this program has a name for.</summary>
    public static CapabilitySet All => new((1UL << s_names.Length) - 1);

    /// <summary>The set of the named capabilities.</summary>
    /// <exception cref="ArgumentException">A name is unknown.</exception>
    public static CapabilitySet Of(params ReadOnlySpan<string> names)
    {
        var set = None;
        foreach (var name in names)
        {
            set = TryParse(name, out var one) ? set | one : throw new ArgumentException($"Unknown capability {name}.", nameof(names));
        }

        return set;
    }

    /// <summary>Reads one name, with or without <c>CAP_</c>, in any case.</summary>
    public static bool TryParse(string name, out CapabilitySet result)
    {
        var upper = Normalize(name);
        var index = Array.IndexOf(s_names, upper);
        result = index < 0 ? None : new(1UL << index);
        return index >= 0;
    }

    /// <summary>Reads the hexadecimal form of /proc/[pid]/status.</summary>
    public static CapabilitySet ParseHex(ReadOnlySpan<char> hex) =>
        new(ulong.Parse(hex.Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    /// <summary>The name in capital letters and with its prefix, whether it is known or not.</summary>
    public static string Normalize(string name)
    {
        var upper = name.Trim().ToUpperInvariant();
        return upper.StartsWith("CAP_", StringComparison.Ordinal) ? upper : "CAP_" + upper;
    }

    /// <summary>True when every member of <paramref name="other"/> is in this set.</summary>
    public bool Contains(CapabilitySet other) => (Bits & other.Bits) == other.Bits;

    /// <summary>True when the named capability is in this set.</summary>
    public bool Contains(string name) => TryParse(name, out var one) && Contains(one);

    /// <summary>Names in the order of their numbers.</summary>
    public IReadOnlyList<string> ToNames()
    {
        var names = new List<string>();
        for (var i = 0; i < s_names.Length; i++)
        {
            if ((Bits & (1UL << i)) != 0)
            {
                names.Add(s_names[i]);
            }
        }

        return names;
    }

    public override string ToString() => string.Join(' ', ToNames());

    public static CapabilitySet operator |(CapabilitySet left, CapabilitySet right) => new(left.Bits | right.Bits);

    public static CapabilitySet operator &(CapabilitySet left, CapabilitySet right) => new(left.Bits & right.Bits);

    public static CapabilitySet operator ~(CapabilitySet set) => new(~set.Bits & All.Bits);

    /// <summary>Both sets together.</summary>
    public CapabilitySet BitwiseOr(CapabilitySet other) => this | other;

    /// <summary>What both sets have.</summary>
    public CapabilitySet BitwiseAnd(CapabilitySet other) => this & other;

    /// <summary>Every known capability that is not in this set.</summary>
    public CapabilitySet OnesComplement() => ~this;
}
