using System.Collections.Concurrent;
using System.Collections.Immutable;
using Portal.Api.Adapters.Hosts;
using Portal.Domain.Access;
using Portal.Domain.Access.Model;
using Portal.Domain.Access.Quotas;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Mapping;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>The turn of one request among those that count against the same quotas. Ending it twice is as good as once.</summary>
internal sealed class QuotaTurn(IReadOnlyList<SemaphoreSlim> held) : IDisposable
{
    private int _isOver;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            foreach (var turn in held)
            {
                turn.Release();
            }
        }
    }
}

/// <summary>
/// Holds teams to their quotas. Requests of a team on a host take turns from the counting until what they made is written down, so that two together
/// never get what is left for one.
/// </summary>
internal sealed class TeamQuotas(IAccessStore store, IHostAccess access, EngineCalls engine)
{
    // As the engine marks volumes that it named itself.
    private const string NamelessLabel = "com.docker.volume.anonymous";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<(HostId, string), SemaphoreSlim> _turns = new();

    /// <summary>Waits for the turn of a request.</summary>
    /// <returns>To be ended when it is written down what came of it; or the quota that it goes beyond.</returns>
    public async Task<Result<QuotaTurn?>> EnterAsync(HostId host, QuotaCharge charge, CancellationToken ct)
    {
        var model = await store.ReadAsync(ct);
        List<SemaphoreSlim> held = [];
        var turn = new QuotaTurn(held);
        try
        {
            foreach (var team in charge.Teams.Select(id => model.Teams.GetValueOrDefault(id)).OfType<Team>().Where(team => team.Quota != TeamQuota.None))
            {
                var gate = _turns.GetOrAdd((host, team.Id), _ => new(1, 1));
                await gate.WaitAsync(ct);
                held.Add(gate);
                if (QuotaRules.Check(team.Name, team.Quota, await UsageAsync(host, team.Id, ct), charge.Demand, host) is { } beyond)
                {
                    turn.Dispose();
                    return beyond;
                }
            }
        }
        catch
        {
            turn.Dispose();
            throw;
        }

        // A start takes nothing that others could count on.
        if (charge.Demand.Starts)
        {
            turn.Dispose();
        }

        return turn;
    }

    /// <summary>What a team has on a host.</summary>
    /// <exception cref="ErrorException">The engine does not say.</exception>
    public async Task<TeamUsage> UsageAsync(HostId host, string team, CancellationToken ct)
    {
        var owner = new Subject(SubjectKind.Team, team);
        var (own, named) = (access.Owned(host, ResourceKind.Container, owner), access.Owned(host, ResourceKind.Volume, owner));
        var containers = own.Count == 0
            ? []
            : (await engine.ReadAsync(host, "containers/json?all=1", EngineBody.Strict.ListContainerSummary, s_limit, ct)).Where(container => own.Contains(container.Id)).ToArray();
        var inThem = containers.SelectMany(container => container.Mounts).Where(mount => mount.Type == "volume").Select(mount => mount.Name).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var limits = ImmutableDictionary.CreateBuilder<string, ContainerLimits>();
        foreach (var container in containers)
        {
            if (await LimitsAsync(host, container.Id, ct) is { } known)
            {
                limits[container.Id] = known;
            }
        }

        return new()
        {
            Containers = limits.ToImmutable(),
            Volumes = named.Count == 0 && inThem.Count == 0 ? 0 : (await engine.ReadAsync(host, "volumes", EngineBody.Strict.VolumeListResponse, s_limit, ct)).Volumes
                .Count(volume => named.Contains(volume.Name) || (inThem.Contains(volume.Name) && volume.Labels?.ContainsKey(NamelessLabel) == true)),
        };
    }

    /// <summary>Null for a container that has gone meanwhile.</summary>
    private async Task<ContainerLimits?> LimitsAsync(HostId host, string container, CancellationToken ct)
    {
        try
        {
            var found = await engine.ReadAsync(host, $"containers/{container}/json", EngineBody.Strict.ContainerInspect, s_limit, ct);
            return ContainerLimits.Of(ResourceMapping.Map(found.HostConfig ?? new HostConfig()));
        }
        catch (ErrorException e) when (e.Error.Kind == ErrorKind.NotFound)
        {
            return null;
        }
    }
}
