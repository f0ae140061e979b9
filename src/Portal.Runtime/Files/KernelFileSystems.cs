using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Files;

/// <summary>
/// File systems that are faces of the kernel (statfs(2), linux/magic.h). The files of a container do not include them: what is
/// written there changes the machine, with the engine's rights, and what is read there has no size and no end.
/// </summary>
internal static class KernelFileSystems
{
    private static readonly HashSet<long> s_kinds =
    [
        0x9FA0, // proc
        0x62656572, // sysfs
        0x27E0EB, // cgroup
        0x63677270, // cgroup2
        0x19800202, // mqueue
        0x1CD1, // devpts
        0x64626720, // debugfs
        0x74726163, // tracefs
        0x73636673, // securityfs
        0xF97CFF8C, // selinux
        0xCAFE4A11, // bpf
        0x6165676C, // pstore
        0x62656570, // configfs
        0x65735543, // fusectl
        0x42494E4D, // binfmt_misc
        0xDE5E81E4, // efivarfs
        0x6E736673, // nsfs
        0x0187, // autofs
        0x67596969, // rpc_pipefs
    ];

    public static bool Holds(SafeFileHandle node) => Libc.FileSystemKind(node, out var kind) == 0 && s_kinds.Contains(kind & 0xFFFFFFFF);
}
