using System.Collections.Immutable;
using Portal.Domain.Access.Quotas;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Docker;

/// <summary>What becomes of a request to an engine.</summary>
public sealed record DockerDecision
{
    /// <summary>Why it is refused, with the rule; null when it goes on.</summary>
    public Error? Refusal { get; private init; }

    /// <summary>What becomes of the answer.</summary>
    public DockerAnswer Answer { get; private init; }

    /// <summary>Who owns what it makes; empty when nothing is to be written down.</summary>
    public ImmutableHashSet<Subject> Owners { get; private init; } = [];

    /// <summary>Volumes that it makes beside its own result, by name.</summary>
    public ImmutableArray<string> Volumes { get; private init; } = [];

    /// <summary>What it takes of the quotas of teams; null for nothing.</summary>
    public QuotaCharge? Charge { get; init; }

    /// <summary>True when it goes on.</summary>
    public bool IsAllowed => Refusal is null;

    /// <summary>It goes on.</summary>
    public static DockerDecision Allow(DockerAnswer answer) => new() { Answer = answer };

    /// <summary>It goes on, and what it makes is somebody's.</summary>
    public static DockerDecision Allow(DockerAnswer answer, ImmutableHashSet<Subject> owners, ImmutableArray<string> volumes) => new() { Answer = answer, Owners = owners, Volumes = volumes };

    /// <summary>It is refused.</summary>
    public static DockerDecision Refuse(Error error) => new() { Refusal = error };
}
