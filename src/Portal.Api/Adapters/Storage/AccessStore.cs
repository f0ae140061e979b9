using System.Collections.Immutable;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Domain.Access;
using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Api.Adapters.Storage;

/// <summary>Keeps the access model in the database. One change at a time: the portal is the database's only writer.</summary>
internal sealed class AccessStore(IDbContextFactory<PortalDb> databases, ILookupNormalizer names) : IAccessStore, IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    public async Task<AccessModel> ReadAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await ReadAsync(db, ct);
    }

    public async Task<Result<(AccessModel Before, AccessModel After)>> ChangeAsync(Func<AccessModel, Result<AccessModel>> change, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            await using var db = await databases.CreateDbContextAsync(ct);
            var before = await ReadAsync(db, ct);
            var changed = change(before);
            if (changed.Error is { } error)
            {
                return error;
            }

            var after = Counted(before, changed.Value);
            await using var all = await db.Database.BeginTransactionAsync(ct);
            await WriteAsync(db, before, after, ct);
            await db.SaveChangesAsync(ct);
            await all.CommitAsync(ct);
            return (before, after);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private static async Task<AccessModel> ReadAsync(PortalDb db, CancellationToken ct)
    {
        var roles = await db.OwnRoles.AsNoTracking().ToListAsync(ct);
        var members = (await db.Memberships.AsNoTracking().ToListAsync(ct)).ToLookup(membership => membership.TeamId, membership => membership.UserId);
        var withPasskeys = (await db.Passkeys.Select(passkey => passkey.UserId).Distinct().ToListAsync(ct)).ToHashSet(StringComparer.Ordinal);
        var model = new AccessModel
        {
            Users = (await db.Users.AsNoTracking().ToListAsync(ct)).ToImmutableDictionary(user => user.Id, user => Account(user, withPasskeys.Contains(user.Id))),
            Teams = (await db.Teams.AsNoTracking().ToListAsync(ct)).ToImmutableDictionary(team => team.Id, team => new Team(team.Id, team.Name)
            {
                Members = members[team.Id].ToImmutableSortedSet(StringComparer.Ordinal), Version = team.Version,
                Quota = new() { Containers = team.QuotaContainers, Volumes = team.QuotaVolumes, MemoryBytes = team.QuotaMemoryBytes, NanoCpus = team.QuotaNanoCpus },
            }),
            Roles = roles.ToImmutableDictionary(role => role.Name, role => new OwnRole(RoleText.Read(role)) { Version = role.Version }),
        };
        var grants = await db.Grants.AsNoTracking().ToListAsync(ct);
        return model with { Grants = grants.Select(grant => ToGrant(grant, model.FindRole)).OfType<Grant>().ToImmutableDictionary(grant => grant.Id) };
    }

    /// <summary>Null for a role or scope this version does not know: it then grants nothing.</summary>
    public static Grant? ToGrant(GrantRecord record, Func<string, Role?> roles)
    {
        var subject = SubjectText.Read(record.SubjectKind, record.SubjectId);
        return roles(record.Role) is { } role && ScopeText.TryParse(record.Scope, subject, out var scope) ? new(role, scope) { Id = record.Id, Subject = subject } : null;
    }

    private static User Account(PortalUser user, bool hasPasskeys) => new(user.Id, user.UserName ?? "")
    {
        IsDisabled = user.IsDisabled,
        PasswordHash = user.PasswordHash,
        Stamp = user.SecurityStamp ?? "",
        Created = DateTimeOffset.FromUnixTimeSeconds(user.CreatedUnix),
        HasSecondFactor = user.TwoFactorEnabled,
        HasPasskeys = hasPasskeys,
        Version = user.Version,
    };

    /// <summary>The model with every changed version one higher.</summary>
    private static AccessModel Counted(AccessModel before, AccessModel after) => after with
    {
        Users = after.Users.SetItems(Changed(before.Users, after.Users).Select(pair => KeyValuePair.Create(pair.Key, pair.Value with { Version = pair.Value.Version + 1 }))),
        Teams = after.Teams.SetItems(Changed(before.Teams, after.Teams).Select(pair => KeyValuePair.Create(pair.Key, pair.Value with { Version = pair.Value.Version + 1 }))),
        Roles = after.Roles.SetItems(Changed(before.Roles, after.Roles).Select(pair => KeyValuePair.Create(pair.Key, pair.Value with { Version = pair.Value.Version + 1 }))),
    };

    private async Task WriteAsync(PortalDb db, AccessModel before, AccessModel after, CancellationToken ct)
    {
        foreach (var id in Gone(before.Grants, after.Grants))
        {
            await db.Grants.Where(grant => grant.Id == id).ExecuteDeleteAsync(ct);
        }

        foreach (var id in Gone(before.Users, after.Users))
        {
            await ForgetAsync(db, "user", id, ct);
            await db.Users.Where(user => user.Id == id).ExecuteDeleteAsync(ct);
        }

        foreach (var id in Gone(before.Teams, after.Teams))
        {
            await ForgetAsync(db, "team", id, ct);
            await db.Teams.Where(team => team.Id == id).ExecuteDeleteAsync(ct);
        }

        foreach (var name in Gone(before.Roles, after.Roles))
        {
            await db.OwnRoles.Where(role => role.Name == name).ExecuteDeleteAsync(ct);
        }

        foreach (var (id, user) in Changed(before.Users, after.Users))
        {
            if (before.Users.GetValueOrDefault(id)?.HasPasskeys == true && !user.HasPasskeys)
            {
                await db.Passkeys.Where(passkey => passkey.UserId == id).ExecuteDeleteAsync(ct);
            }

            await WriteAsync(db, await db.Users.FindAsync([id], ct), user, ct);
        }

        foreach (var (id, team) in Changed(before.Teams, after.Teams))
        {
            var record = await db.Teams.FindAsync([id], ct) ?? db.Teams.Add(new() { Id = id, Name = team.Name }).Entity;
            (record.Name, record.Version) = (team.Name, team.Version);
            (record.QuotaContainers, record.QuotaVolumes, record.QuotaMemoryBytes, record.QuotaNanoCpus) = (team.Quota.Containers, team.Quota.Volumes, team.Quota.MemoryBytes, team.Quota.NanoCpus);
            await db.Memberships.Where(membership => membership.TeamId == id).ExecuteDeleteAsync(ct);
            db.Memberships.AddRange(team.Members.Select(user => new MembershipRecord { TeamId = id, UserId = user }));
        }

        foreach (var (name, role) in Changed(before.Roles, after.Roles))
        {
            var record = await db.OwnRoles.FindAsync([name], ct) ?? db.OwnRoles.Add(new() { Name = name, Permissions = "" }).Entity;
            (record.Permissions, record.Version) = (RoleText.Of(role.Role), role.Version);
        }

        db.Grants.AddRange(after.Grants.Values.Where(grant => !before.Grants.ContainsKey(grant.Id)).Select(grant => new GrantRecord
        {
            Id = grant.Id, SubjectKind = SubjectText.Of(grant.Subject.Kind), SubjectId = grant.Subject.Id, Role = grant.Role.Name, Scope = ScopeText.Of(grant.Scope),
        }));
    }

    private async Task WriteAsync(PortalDb db, PortalUser? record, User user, CancellationToken ct)
    {
        record ??= db.Users.Add(new() { Id = user.Id, CreatedUnix = user.Created.ToUnixTimeSeconds() }).Entity;
        if (record.SecurityStamp != user.Stamp)
        {
            await db.Sessions.Where(session => session.UserId == user.Id).ExecuteDeleteAsync(ct);
            await db.TokenFamilies.Where(family => family.UserId == user.Id).ExecuteDeleteAsync(ct);
        }

        if (record.PasswordHash != user.PasswordHash)
        {
            // Whoever knew the old one may have made tokens with it.
            await db.ApiTokens.Where(token => token.OwnerKind == "user" && token.OwnerId == user.Id).ExecuteDeleteAsync(ct);
        }

        (record.UserName, record.NormalizedUserName, record.IsDisabled, record.PasswordHash, record.SecurityStamp, record.Version) =
            (user.Name, names.NormalizeName(user.Name), user.IsDisabled, user.PasswordHash, user.Stamp, user.Version);
        if (record.TwoFactorEnabled && !user.HasSecondFactor)
        {
            (record.TwoFactorEnabled, record.TotpKey) = (false, null);
            await db.RecoveryCodes.Where(code => code.UserId == user.Id).ExecuteDeleteAsync(ct);
        }
    }

    /// <summary>Rows that name a subject without a foreign key. Grants whose role or scope this version cannot read go too.</summary>
    private static async Task ForgetAsync(PortalDb db, string kind, string id, CancellationToken ct)
    {
        await db.Grants.Where(grant => grant.SubjectKind == kind && grant.SubjectId == id).ExecuteDeleteAsync(ct);
        await db.ApiTokens.Where(token => token.OwnerKind == kind && token.OwnerId == id).ExecuteDeleteAsync(ct);
    }

    private static IEnumerable<string> Gone<T>(ImmutableDictionary<string, T> before, ImmutableDictionary<string, T> after) => before.Keys.Where(key => !after.ContainsKey(key));

    private static IEnumerable<KeyValuePair<string, T>> Changed<T>(ImmutableDictionary<string, T> before, ImmutableDictionary<string, T> after) where T : class =>
        after.Where(pair => before.GetValueOrDefault(pair.Key)?.Equals(pair.Value) != true);
}
