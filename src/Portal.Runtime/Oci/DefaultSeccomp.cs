using System.Runtime.InteropServices;

namespace Portal.Runtime.Oci;

/// <summary>The default filter on system calls: <see cref="SeccompTable"/> with its parts that depend on capabilities and arguments.</summary>
internal static class DefaultSeccomp
{
    private const string Allow = "SCMP_ACT_ALLOW";
    private const string Errno = "SCMP_ACT_ERRNO";
    private const int EPERM = 1;
    private const int ENOSYS = 38;

    // NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
    private const ulong NamespaceFlags = 0x7E020000;

    private const int AfAlg = 38;
    private const int AfVsock = 40;

    /// <summary>Personalities a process may take: Linux, its legacy address layouts, and the query.</summary>
    private static readonly ulong[] s_personalities = [0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF];

    /// <summary>The filter for a process with the given bounding set. Always the same bytes for the same input, so that a runtime can cache what it compiles.</summary>
    public static OciSeccomp Build(CapabilitySet capabilities, Architecture architecture)
    {
        var allowed = new SortedSet<string>(SeccompTable.Always, StringComparer.Ordinal);
        allowed.UnionWith(architecture switch
        {
            Architecture.X64 => SeccompTable.X64,
            Architecture.Arm64 => SeccompTable.Arm64,
            _ => [],
        });
        foreach (var (capability, names) in SeccompTable.ByCapability)
        {
            if (capabilities.Contains(capability))
            {
                allowed.UnionWith(names);
            }
        }

        var rules = new List<OciSyscall> { new([.. allowed], Allow) };

        // socket(family, …): all families but AF_ALG and AF_VSOCK, as ranges because one rule holds one comparison of an argument.
        rules.Add(Compare("socket", 0, AfAlg, "SCMP_CMP_LT"));
        rules.Add(Compare("socket", 0, AfAlg + 1, "SCMP_CMP_EQ"));
        rules.Add(Compare("socket", 0, AfVsock, "SCMP_CMP_GT"));
        foreach (var personality in s_personalities)
        {
            rules.Add(Compare("personality", 0, personality, "SCMP_CMP_EQ"));
        }

        if (!capabilities.Contains("CAP_SYS_ADMIN"))
        {
            rules.Add(new(["clone"], Allow, Args: [new(0, NamespaceFlags, 0, "SCMP_CMP_MASKED_EQ")]));

            // Its flags are behind a pointer that a filter cannot follow. ENOSYS makes the C library fall back to clone.
            rules.Add(new(["clone3"], Errno, ENOSYS));
        }

        return new OciSeccomp
        {
            DefaultAction = Errno,
            DefaultErrnoRet = EPERM,
            Architectures = Architectures(architecture),
            Syscalls = rules,
        };
    }

    /// <summary>The kernel's architecture and the ones whose programs it also runs.</summary>
    public static IReadOnlyList<string>? Architectures(Architecture architecture) => architecture switch
    {
        Architecture.X64 => ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        Architecture.Arm64 => ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
        _ => null,
    };

    private static OciSyscall Compare(string name, int index, ulong value, string operation) => new([name], Allow, Args: [new(index, value, null, operation)]);
}
