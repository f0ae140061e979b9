namespace Portal.Runtime.AppArmor;

/// <summary>The profile that containers run under where the kernel has AppArmor. Pure.</summary>
/// <remarks>
/// What else the engine does against the same (masked paths, capabilities, seccomp) can be turned off one by one by whoever
/// starts a container; this holds for all but privileged ones.
/// </remarks>
internal static class AppArmorProfile
{
    public const string Name = "portal-default";

    /// <summary>The same profile on an engine that has it; scripts ask for it by this name.</summary>
    public const string DockersName = "docker-default";

    public const string Unconfined = "unconfined";

    /// <summary>Text for apparmor_parser(8).</summary>
    /// <param name="agent">Confinement of the agent, which signals containers.</param>
    /// <param name="hasBase">The distribution's tunables and abstractions are installed.</param>
    public static string Text(string agent, bool hasBase) => $$"""
        {{(hasBase ? "include <tunables/global>\n" : "")}}
        profile {{Name}} flags=(attach_disconnected,mediate_deleted) {
        {{(hasBase ? "  include <abstractions/base>\n" : "")}}
          # All that follows is taken away from this. Capabilities, namespaces and file permissions decide the rest.
          file,
          capability,
          network,
          umount,

          # Interfaces to the kernel's own cryptography were a way to root (CVE-2026-31431).
          deny network alg,

          # A mount could put another file over what is denied here.
          deny mount,
          deny pivot_root,

          # /proc: written to are the folders of processes, and below sys the settings of System V IPC, which are a
          # container's own. There is no "all but": each line takes the names that differ in one more letter.
          deny /proc/* w,
          deny /proc/{[^1-9s/]*,s[^y/]*,sy[^s/]*,sys?*}/** w,
          deny /proc/sys/{[^k],k[^e],ke[^r]}** w,
          deny /proc/sys/kernel/{[^ms],m[^s],ms[^g],s[^eh],se[^m],sh[^m]}** w,
          deny /proc/sysrq-trigger rwklx,
          deny /proc/{kcore,kmem,mem} rwklx,

          # /sys: nothing but /sys/fs/cgroup.
          deny /sys/{[^f/]*,f[^s/]*}/** wklx,
          deny /sys/fs/{[^c/]*,c[^g/]*,cg[^r/]*}/** wklx,
          deny /sys/firmware/** rwklx,
          deny /sys/devices/virtual/powercap/** rwklx,
          deny /sys/kernel/security/** rwklx,

          # Whoever stops it may signal it, and its processes each other; nobody else.
          signal (receive) peer=unconfined,
          signal (receive) peer={{agent}},
          signal (receive) peer=crun,
          signal (receive) peer=runc,
          signal (send, receive) peer={{Name}},
          ptrace (trace, tracedby, read, readby) peer={{Name}},
        }

        """;
}
