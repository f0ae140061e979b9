using System.Collections.Frozen;
using Portal.Domain.Access;

namespace Portal.Api.Adapters.Storage;

/// <summary>Roles of one's own as they are stored.</summary>
internal static class RoleText
{
    public static string Of(Role role) => string.Join(' ', role.Permissions.Select(permission => permission.ToString()).Order(StringComparer.Ordinal));

    public static Role Read(RoleRecord record) => new(record.Name, Permissions(record.Permissions.Split(' ')).ToFrozenSet());

    /// <summary>The permissions of these names; unknown names are left out. A number is no name.</summary>
    public static IEnumerable<Permission> Permissions(IEnumerable<string> names) =>
        names.Where(name => name.Length > 0 && char.IsAsciiLetter(name[0])).Select(name => Enum.TryParse<Permission>(name, out var permission) ? permission : (Permission?)null).OfType<Permission>();
}
