using System.Collections.Frozen;

namespace Portal.Domain.Access;

/// <summary>The roles every installation has. What they may do is laid down here; roles of one's own are sets of the same permissions.</summary>
public static class BuiltInRoles
{
    private static readonly Permission[] s_looking =
    [
        Permission.HostRead, Permission.EngineRead, Permission.EventRead, Permission.ContainerRead, Permission.ImageRead, Permission.NetworkRead, Permission.VolumeRead, Permission.RegistryRead,
    ];

    private static readonly Permission[] s_running =
        [Permission.ContainerStart, Permission.ContainerStop, Permission.ContainerRestart, Permission.ContainerKill, Permission.ContainerPause];

    // People and access, the portal itself, and hosts as a whole are an administrator's.
    private static readonly Permission[] s_governing =
    [
        Permission.HostManage, Permission.UserRead, Permission.UserManage, Permission.AccessManage, Permission.AuditRead, Permission.SettingsRead, Permission.SettingsManage,
        Permission.OperationManage, Permission.RegistryManage,
    ];

    // Takes what belongs to everybody on a host.
    private static readonly Permission[] s_sweeping = [Permission.ContainerPrune, Permission.ImagePrune, Permission.NetworkPrune, Permission.VolumePrune];

    /// <summary>May do everything, and no restriction of a host holds for it where its grant reaches.</summary>
    public static Role Administrator { get; } = new("Administrator", Enum.GetValues<Permission>().ToFrozenSet());

    /// <summary>Runs everything on hosts; people, access and the portal's settings are not its matter.</summary>
    public static Role Operator { get; } = Make("Operator", [.. Enum.GetValues<Permission>().Except(s_governing), Permission.OperationManage]);

    /// <summary>Builds and runs what is its own: everything of an operator but sweeping a host clean.</summary>
    public static Role Developer { get; } = Make("Developer", [.. Enum.GetValues<Permission>().Except(s_governing).Except(s_sweeping)]);

    /// <summary>Sees what is wrong and starts it again; reads no files and enters no container.</summary>
    public static Role Helpdesk { get; } = Make("Helpdesk", [.. s_looking, Permission.ContainerLogs, .. s_running]);

    /// <summary>Sees everything that was done and is, the audit log too; changes nothing and reads no logs or files, where secrets may be.</summary>
    public static Role Auditor { get; } = Make("Auditor", [.. s_looking, Permission.UserRead, Permission.AuditRead, Permission.SettingsRead]);

    /// <summary>May look, but not touch.</summary>
    public static Role Viewer { get; } = Make("Viewer", [.. s_looking, Permission.ContainerLogs]);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Role> All { get; } = [Administrator, Operator, Developer, Helpdesk, Auditor, Viewer];

    /// <summary>The role of that name, or null.</summary>
    public static Role? Find(string name) => All.FirstOrDefault(role => string.Equals(role.Name, name, StringComparison.Ordinal));

    private static Role Make(string name, IEnumerable<Permission> permissions) => new(name, permissions.ToFrozenSet());
}
