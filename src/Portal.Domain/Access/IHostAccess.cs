using System.Collections.Immutable;
using Portal.Domain.Access.Restrictions;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access;

/// <summary>What is laid down about access to hosts and to what lies on them. Answers from memory: lists are filtered by it.</summary>
public interface IHostAccess
{
    /// <summary>The host as a target, with its groups.</summary>
    AccessTarget Target(HostId host);

    /// <summary>What people who are not administrators may ask of its engine.</summary>
    HostRestrictions Restrictions(HostId host);

    /// <summary>Who a container, image, network or volume belongs to.</summary>
    ImmutableHashSet<Subject> Owners(HostId host, ResourceKind kind, string id);

    /// <summary>Ids of what belongs to somebody on a host, gone or not: engines forget without saying so.</summary>
    IReadOnlySet<string> Owned(HostId host, ResourceKind kind, Subject owner);

    /// <summary>Writes down whose it is, beside those it belongs to already: an image that two have pulled is both's. Before anybody is told that it was made.</summary>
    Task OwnAsync(HostId host, ResourceKind kind, string id, IReadOnlySet<Subject> owners, CancellationToken ct);

    /// <summary>Forgets whose it was: it is gone, and a volume of the same name would be somebody else's.</summary>
    Task DisownAsync(HostId host, ResourceKind kind, string id, CancellationToken ct);

    /// <summary>Puts the host into groups, these and no others.</summary>
    Task SetGroupsAsync(HostId host, IReadOnlyCollection<string> groups, CancellationToken ct);

    /// <summary>Lays down the restrictions.</summary>
    Task SetRestrictionsAsync(HostId host, HostRestrictions restrictions, CancellationToken ct);
}
