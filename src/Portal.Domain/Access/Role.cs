using System.Collections.Frozen;

namespace Portal.Domain.Access;

/// <summary>A named set of permissions.</summary>
public sealed record Role(string Name, FrozenSet<Permission> Permissions);

/// <summary>The roles every installation has.</summary>
public static class BuiltInRoles
{
    /// <summary>May do everything.</summary>
    public static Role Administrator { get; } = new("Administrator", Enum.GetValues<Permission>().ToFrozenSet());

    /// <summary>May look, but not touch.</summary>
    public static Role Viewer { get; } = new("Viewer", new[] { Permission.HostRead, Permission.ContainerRead, Permission.ContainerLogs }.ToFrozenSet());

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Role> All { get; } = [Administrator, Viewer];

    /// <summary>The role of that name, or null.</summary>
    public static Role? Find(string name) => All.FirstOrDefault(role => string.Equals(role.Name, name, StringComparison.Ordinal));
}
