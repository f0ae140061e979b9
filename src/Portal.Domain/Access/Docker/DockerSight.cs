using System.Collections.Immutable;

namespace Portal.Domain.Access.Docker;

/// <summary>What somebody sees of a host: decides for each thing in an answer of its engine.</summary>
/// <param name="Actor">Who looks.</param>
/// <param name="Host">The host, as a target.</param>
/// <param name="Policy">The one policy.</param>
/// <param name="Owners">Who owns something, by its sort and its id.</param>
public sealed record DockerSight(Actor Actor, AccessTarget Host, IAccessPolicy Policy, Func<ResourceKind, string, ImmutableHashSet<Subject>> Owners)
{
    /// <summary>True when it may be done to everything on the host.</summary>
    public bool SeesAll(Permission permission) => Policy.Decide(Actor, permission, Host).IsAllowed;

    /// <summary>True when it may be done to one thing.</summary>
    public bool Sees(Permission permission, ResourceKind kind, string? id, IReadOnlyDictionary<string, string>? labels) =>
        !string.IsNullOrEmpty(id) && Policy.Decide(Actor, permission, DockerResource.Place(Host, kind, id, labels) with { Owners = Owners(kind, id) }).IsAllowed;
}
