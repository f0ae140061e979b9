using Portal.Domain.Hosts;

namespace Portal.Api.Hosts;

/// <summary>A host.</summary>
/// <param name="Id">Identity in the control plane.</param>
/// <param name="Name">The machine's host name.</param>
/// <param name="State"><c>connecting</c>, <c>connected</c> or <c>unreachable</c>.</param>
/// <param name="Since">When the state last changed (UTC).</param>
/// <param name="Problem">Why it is unreachable.</param>
/// <param name="Facts">What its engine said of the machine; null until first reached.</param>
public sealed record HostItem(string Id, string Name, string State, DateTimeOffset Since, string? Problem, HostFacts? Facts)
{
    internal static HostItem From(HostView host) => new(host.Id.Value, host.Name, Lower(host.State.ToString()), host.Since, host.Problem, host.Facts);

    private static string Lower(string name) => name.ToLowerInvariant();
}
