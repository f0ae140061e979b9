using Portal.Domain.Access.Restrictions;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>Everything closed on every host.</summary>
internal sealed class DefaultRestrictions : IHostRestrictions
{
    public Task<HostRestrictions> OfAsync(HostId host, CancellationToken ct) => Task.FromResult(HostRestrictions.Default);
}
