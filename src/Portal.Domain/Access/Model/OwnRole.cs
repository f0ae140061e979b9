namespace Portal.Domain.Access.Model;

/// <summary>A role of one's own, beside the built-in ones.</summary>
/// <param name="Role">What it allows.</param>
public sealed record OwnRole(Role Role)
{
    /// <summary>Counts its changes.</summary>
    public long Version { get; init; }

    /// <summary>For the audit log.</summary>
    public override string ToString() => $"role {Role.Name}: {string.Join(' ', Role.Permissions.Select(permission => permission.ToString()).Order(StringComparer.Ordinal))}";
}
