using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Restrictions;

/// <summary>What an administrator has opened on each host.</summary>
public interface IHostRestrictions
{
    /// <summary>The restrictions in force on a host.</summary>
    Task<HostRestrictions> OfAsync(HostId host, CancellationToken ct);
}
