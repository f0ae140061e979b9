using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Domain.Access;
using Portal.Domain.Access.Restrictions;
using Portal.Domain.Primitives;

namespace Portal.Api.Adapters.Storage;

/// <summary>Groups, restrictions and owners: read once at start, then kept in memory beside the database.</summary>
internal sealed class HostAccess(IDbContextFactory<PortalDb> databases) : IHostAccess, IHostedService
{
    private readonly ConcurrentDictionary<HostId, ImmutableHashSet<string>> _groups = new();
    private readonly ConcurrentDictionary<HostId, HostRestrictions> _restrictions = new();
    private readonly ConcurrentDictionary<(HostId Host, ResourceKind Kind, string Id), ImmutableHashSet<Subject>> _owners = new();

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        foreach (var group in await db.HostGroups.AsNoTracking().ToListAsync(cancellationToken))
        {
            _groups.AddOrUpdate(new(group.Host), [group.Group], (_, groups) => groups.Add(group.Group));
        }

        foreach (var restriction in await db.HostRestrictions.AsNoTracking().ToListAsync(cancellationToken))
        {
            _restrictions[new(restriction.Host)] = RestrictionText.Read(restriction.Content);
        }

        foreach (var owner in await db.Owners.AsNoTracking().ToListAsync(cancellationToken))
        {
            if (Enum.TryParse<ResourceKind>(owner.Kind, out var kind))
            {
                Add((new(owner.Host), kind, owner.ResourceId), SubjectText.Read(owner.SubjectKind, owner.SubjectId));
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public AccessTarget Target(HostId host) => new(host) { HostGroups = _groups.GetValueOrDefault(host, []) };

    public HostRestrictions Restrictions(HostId host) => _restrictions.GetValueOrDefault(host, HostRestrictions.Default);

    public ImmutableHashSet<Subject> Owners(HostId host, ResourceKind kind, string id) => _owners.GetValueOrDefault((host, kind, id), []);

    public IReadOnlySet<string> Owned(HostId host, ResourceKind kind, Subject owner) =>
        _owners.Where(entry => entry.Key.Host == host && entry.Key.Kind == kind && entry.Value.Contains(owner)).Select(entry => entry.Key.Id).ToHashSet(StringComparer.Ordinal);

    public async Task OwnAsync(HostId host, ResourceKind kind, string id, IReadOnlySet<Subject> owners, CancellationToken ct)
    {
        var anew = owners.Except(Owners(host, kind, id)).ToArray();
        if (anew.Length == 0)
        {
            return;
        }

        await using var db = await databases.CreateDbContextAsync(ct);
        foreach (var owner in anew)
        {
            var (hostText, kindText, subjectKind) = (host.Value, kind.ToString(), SubjectText.Of(owner.Kind));
            if (await db.Owners.FindAsync([hostText, kindText, id, subjectKind, owner.Id], ct) is null)
            {
                db.Owners.Add(new() { Host = hostText, Kind = kindText, ResourceId = id, SubjectKind = subjectKind, SubjectId = owner.Id });
            }
        }

        await db.SaveChangesAsync(ct);
        foreach (var owner in anew)
        {
            Add((host, kind, id), owner);
        }
    }

    public async Task DisownAsync(HostId host, ResourceKind kind, string id, CancellationToken ct)
    {
        var (hostText, kindText) = (host.Value, kind.ToString());
        await using var db = await databases.CreateDbContextAsync(ct);
        await db.Owners.Where(owner => owner.Host == hostText && owner.Kind == kindText && owner.ResourceId == id).ExecuteDeleteAsync(ct);
        _owners.TryRemove((host, kind, id), out _);
    }

    public async Task SetGroupsAsync(HostId host, IReadOnlyCollection<string> groups, CancellationToken ct)
    {
        var text = host.Value;
        await using var db = await databases.CreateDbContextAsync(ct);
        await using var all = await db.Database.BeginTransactionAsync(ct);
        await db.HostGroups.Where(group => group.Host == text).ExecuteDeleteAsync(ct);
        db.HostGroups.AddRange(groups.Distinct().Select(group => new HostGroupRecord { Host = text, Group = group }));
        await db.SaveChangesAsync(ct);
        await all.CommitAsync(ct);
        _groups[host] = [.. groups];
    }

    public async Task SetRestrictionsAsync(HostId host, HostRestrictions restrictions, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var record = await db.HostRestrictions.FindAsync([host.Value], ct) ?? db.HostRestrictions.Add(new() { Host = host.Value, Content = "" }).Entity;
        record.Content = RestrictionText.Of(restrictions);
        await db.SaveChangesAsync(ct);
        _restrictions[host] = restrictions;
    }

    private void Add((HostId Host, ResourceKind Kind, string Id) key, Subject owner) => _owners.AddOrUpdate(key, [owner], (_, owners) => owners.Add(owner));
}

/// <summary>Restrictions as they are stored: JSON by property name, ports as <c>8000-8999</c>.</summary>
internal static class RestrictionText
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { Converters = { new Spans() } };

    public static string Of(HostRestrictions restrictions) => JsonSerializer.Serialize(restrictions, s_json);

    public static HostRestrictions Read(string text) => JsonSerializer.Deserialize<HostRestrictions>(text, s_json) ?? HostRestrictions.Default;

    private sealed class Spans : System.Text.Json.Serialization.JsonConverter<PortSpan>
    {
        public override PortSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            PortSpan.TryParse(reader.GetString(), out var span) ? span : throw new JsonException("A port is written as 8080 or 8000-8999.");

        public override void Write(Utf8JsonWriter writer, PortSpan value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
