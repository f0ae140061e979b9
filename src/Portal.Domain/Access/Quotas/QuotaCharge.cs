using System.Collections.Immutable;

namespace Portal.Domain.Access.Quotas;

/// <summary>What a request is about, as quotas see it.</summary>
public sealed record QuotaDemand
{
    /// <summary>The limits of a new container, or the changes of one that there is; null when neither is asked for.</summary>
    public ContainerLimits? Limits { get; init; }

    /// <summary>The container that is changed or started; null for a new one.</summary>
    public string? Container { get; init; }

    /// <summary>How many volumes it makes.</summary>
    public int Volumes { get; init; }

    /// <summary>True for a container that is made.</summary>
    public bool MakesContainer => Limits is not null && Container is null;

    /// <summary>True when it takes nothing more, but only goes on when the team has no more than it may.</summary>
    public bool Starts => Limits is null && Container is not null;
}

/// <summary>What a request takes of whose quotas.</summary>
/// <param name="Teams">Ids of the teams, in the one order in which they are waited for.</param>
/// <param name="Demand">How much.</param>
public sealed record QuotaCharge(ImmutableSortedSet<string> Teams, QuotaDemand Demand);
