using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Adapters.Hosts;
using Portal.Api.Docker;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Model;
using Portal.Domain.Access.Quotas;
using Portal.Domain.Primitives;

namespace Portal.Api.Access;

/// <summary>How much a team may have on each host; what is left out or null has no limit.</summary>
/// <param name="Containers">Containers, running or not.</param>
/// <param name="Volumes">Volumes, those without a name too.</param>
/// <param name="MemoryBytes">The memory limits of its containers together, in bytes. With this, every container needs one.</param>
/// <param name="Cpus">The processor limits of its containers together, in processors. With this, every container needs one.</param>
public sealed record QuotaItem(
    [property: Range(0, 1_000_000)] int? Containers = null, [property: Range(0, 1_000_000)] int? Volumes = null,
    [property: Range(0, QuotaItem.MostMemory)] long? MemoryBytes = null, [property: Range(0, QuotaItem.MostCpus)] double? Cpus = null)
{
    internal const long MostMemory = 1L << 50;
    internal const double MostCpus = 1_000_000, Nano = 1e9;

    internal static QuotaItem From(TeamQuota quota) => new(quota.Containers, quota.Volumes, quota.MemoryBytes, quota.NanoCpus / Nano);

    internal TeamQuota Read() => new() { Containers = Containers, Volumes = Volumes, MemoryBytes = MemoryBytes, NanoCpus = Cpus is { } cpus ? (long)Math.Round(cpus * Nano) : null };
}

/// <summary>What a team has, and may have.</summary>
/// <param name="Quota">How much it may have on each host.</param>
/// <param name="Hosts">What it has on each.</param>
public sealed record TeamUsageItem(QuotaItem Quota, IReadOnlyList<HostUsageItem> Hosts);

/// <summary>What a team has on a host.</summary>
/// <param name="Host">The host's id.</param>
/// <param name="Problem">Why it is not known; null when it is.</param>
/// <param name="Containers">Containers, running or not.</param>
/// <param name="Volumes">Volumes, those without a name too.</param>
/// <param name="MemoryBytes">The memory limits of its containers together; what has none counts as nothing.</param>
/// <param name="Cpus">The processor limits of its containers together; what has none counts as nothing.</param>
public sealed record HostUsageItem(string Host, string? Problem, int? Containers, int? Volumes, long? MemoryBytes, double? Cpus);

/// <summary>What teams have on hosts.</summary>
internal static class TeamUsageEndpoints
{
    public static void MapTeamUsage(this IEndpointRouteBuilder teams) =>
        teams.MapGet("/{id}/usage", GetAsync).WithName("GetTeamUsage").RequirePermission(Permission.UserRead, On.Portal).ProducesProblems(404);

    /// <summary>Says how much of its quota a team has taken on each host, as the engines there tell it now.</summary>
    /// <param name="id" example="4be10c5d7e7f4b2f9a3c5e8d1f602b91">The team's id.</param>
    internal static async Task<Results<Ok<TeamUsageItem>, Problem>> GetAsync(
        string id, PortalGate gate, IAccessStore store, IHostDirectory hosts, TeamQuotas quotas, CancellationToken ct)
    {
        var reader = await gate.ReadAsync(Permission.UserRead, "GetTeamUsage", ct);
        var team = reader.Error is { } denied ? denied : (await store.ReadAsync(ct)).Team(id);
        return team.Error is { } error
            ? error.ToProblem()
            : TypedResults.Ok(new TeamUsageItem(QuotaItem.From(team.Value.Quota), await Task.WhenAll(hosts.List().Select(host => OfAsync(quotas, host.Id, id, ct)))));
    }

    private static async Task<HostUsageItem> OfAsync(TeamQuotas quotas, HostId host, string team, CancellationToken ct)
    {
        try
        {
            var usage = await quotas.UsageAsync(host, team, ct);
            return new(host.Value, null, usage.Containers.Count, usage.Volumes, (long)Int128.Min(usage.MemoryBytes, long.MaxValue), (double)usage.NanoCpus / QuotaItem.Nano);
        }
        catch (ErrorException e)
        {
            return new(host.Value, e.Error.Message, null, null, null, null);
        }
    }
}
