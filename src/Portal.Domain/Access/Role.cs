using System.Collections.Frozen;

namespace Portal.Domain.Access;

/// <summary>A named set of permissions. Two are equal when name and permissions are.</summary>
public sealed record Role(string Name, FrozenSet<Permission> Permissions)
{
    /// <inheritdoc/>
    public bool Equals(Role? other) => other is not null && Name == other.Name && Permissions.SetEquals(other.Permissions);

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);
}
