using Portal.Domain.Containers;
using Portal.Domain.Engine.Models;

namespace Portal.Domain.Engine.Mapping;

/// <summary>Namespace modes, between the wire and the spec. Which of them go together is the runtime's to say.</summary>
public static class NamespaceMapping
{
    public static NamespaceMode Pid(HostConfig host) => Read(host.PidMode, "PID mode", NamespaceKind.Private, NamespaceKind.Host, NamespaceKind.Container);

    public static NamespaceMode Ipc(HostConfig host) =>
        Read(host.IpcMode, "IPC mode", NamespaceKind.None, NamespaceKind.Private, NamespaceKind.Shareable, NamespaceKind.Host, NamespaceKind.Container);

    public static NamespaceMode Uts(HostConfig host) => Read(host.UTSMode, "UTS mode", NamespaceKind.Private, NamespaceKind.Host);

    public static NamespaceMode User(HostConfig host) => Read(host.UsernsMode, "USER mode", NamespaceKind.Private, NamespaceKind.Host);

    public static NamespaceMode Cgroup(HostConfig host) => Read(host.CgroupnsMode, "cgroup namespace mode", NamespaceKind.Private, NamespaceKind.Host);

    /// <summary>Writes the modes into the answer of inspect.</summary>
    public static void Show(ContainerSpec spec, HostConfig host)
    {
        host.PidMode = spec.PidMode.ToString();
        host.IpcMode = spec.IpcMode.Kind == NamespaceKind.Default ? "private" : spec.IpcMode.ToString();
        host.UTSMode = spec.UtsMode.ToString();
        host.UsernsMode = spec.UserNamespaceMode.ToString();
        host.CgroupnsMode = spec.CgroupNamespaceMode.Kind == NamespaceKind.Default ? "private" : spec.CgroupNamespaceMode.ToString();
    }

    private static NamespaceMode Read(string? text, string what, params ReadOnlySpan<NamespaceKind> legal) =>
        NamespaceMode.TryParse(text, out var mode) && (mode.Kind == NamespaceKind.Default || legal.Contains(mode.Kind))
            ? mode
            : throw EngineErrors.Invalid("container.namespace", $"invalid {what}: {text}");
}
