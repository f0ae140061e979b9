using System.Collections.Immutable;
using Portal.Domain.Access.Quotas;

namespace Portal.Domain.Access.Model;

/// <summary>People who are given things together.</summary>
/// <param name="Id">Stable; never given again.</param>
/// <param name="Name">What people call it.</param>
public sealed record Team(string Id, string Name)
{
    /// <summary>Ids of the users in it.</summary>
    public ImmutableSortedSet<string> Members { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>How much it may have on each host.</summary>
    public TeamQuota Quota { get; init; } = TeamQuota.None;

    /// <summary>Counts its changes.</summary>
    public long Version { get; init; }

    /// <inheritdoc/>
    public bool Equals(Team? other) => other is not null && Id == other.Id && Name == other.Name && Version == other.Version && Quota == other.Quota && Members.SetEquals(other.Members);

    /// <inheritdoc/>
    public override int GetHashCode() => Id.GetHashCode(StringComparison.Ordinal);

    /// <summary>For the audit log.</summary>
    public override string ToString() => $"team {Name}: {string.Join(' ', Members)}{(Quota == TeamQuota.None ? "" : $" ({Quota})")}";
}
