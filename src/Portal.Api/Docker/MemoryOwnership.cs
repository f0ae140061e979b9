using System.Collections.Concurrent;
using System.Collections.Immutable;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>Ownership for as long as the portal runs.</summary>
internal sealed class MemoryOwnership : IOwnership
{
    private readonly ConcurrentDictionary<(HostId, ResourceKind, string), ImmutableHashSet<Subject>> _owners = new();

    public ImmutableHashSet<Subject> Of(HostId host, ResourceKind kind, string id) => _owners.GetValueOrDefault((host, kind, id), []);

    public Task RecordAsync(HostId host, ResourceKind kind, string id, ImmutableHashSet<Subject> owners, CancellationToken ct)
    {
        _ = _owners.AddOrUpdate((host, kind, id), owners, (_, before) => before.Union(owners));
        return Task.CompletedTask;
    }

    public Task ForgetAsync(HostId host, ResourceKind kind, string id, CancellationToken ct)
    {
        _ = _owners.TryRemove((host, kind, id), out _);
        return Task.CompletedTask;
    }
}
