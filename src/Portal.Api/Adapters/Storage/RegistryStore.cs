using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;
using Portal.Domain.Registries;

namespace Portal.Api.Adapters.Storage;

/// <summary>What proves to a registry who signs in.</summary>
/// <param name="Password">A password, or an access token that takes its place; null for none.</param>
/// <param name="Token">An identity token; null for none.</param>
internal sealed record RegistrySecret(string? Password, string? Token)
{
    /// <summary>Without either: a record's own text form would show them.</summary>
    public override string ToString() => "RegistrySecret";
}

/// <summary>
/// Registries in the database. A secret is encrypted for its registry and its address: a copy of the database alone opens nothing, and whoever can write to it
/// cannot have a secret sent elsewhere.
/// </summary>
internal sealed class RegistryStore(IDbContextFactory<PortalDb> databases, IDataProtectionProvider protection, ILogger<RegistryStore> log)
{
    /// <summary>All of them, by name.</summary>
    public async Task<IReadOnlyList<Registry>> ListAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return [.. (await db.Registries.AsNoTracking().Include(registry => registry.Teams).OrderBy(registry => registry.NormalizedName).ToListAsync(ct)).Select(Read)];
    }

    /// <summary>One of them, or <c>registry.unknown</c>.</summary>
    public async Task<Result<Registry>> FindAsync(string id, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.Registries.AsNoTracking().Include(registry => registry.Teams).SingleOrDefaultAsync(registry => registry.Id == id, ct) is { } record ? Read(record) : Unknown(id);
    }

    /// <summary>Its secret; null for none, and for one that this installation's keys do not open.</summary>
    public async Task<RegistrySecret?> SecretAsync(string id, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        if (await db.Registries.AsNoTracking().SingleOrDefaultAsync(registry => registry.Id == id, ct) is not { Secret: { } secret } record)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<RegistrySecret>(Protector(record.Id, record.Address).Unprotect(Convert.FromBase64String(secret)));
        }
        catch (Exception ex) when (ex is CryptographicException or FormatException or JsonException)
        {
            log.RegistrySecretUnreadable(record.Name);
            return null;
        }
    }

    /// <summary>Keeps a new one.</summary>
    /// <returns>Errors: <c>registry.taken</c>, <c>team.unknown</c>.</returns>
    public async Task<Result<Registry>> AddAsync(Registry registry, RegistrySecret? secret, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        if (await CheckAsync(db, registry, ct) is { } against)
        {
            return against;
        }

        var record = new RegistryRecord { Id = registry.Id, Name = registry.Name, NormalizedName = Normal(registry.Name), Address = registry.Address, Notes = registry.Notes };
        Write(record, registry, secret is null ? null : Seal(registry, secret));
        db.Registries.Add(record);
        return await SaveAsync(db, record, ct);
    }

    /// <summary>Changes one.</summary>
    /// <param name="registry">What it is to be.</param>
    /// <param name="version">The version that is changed; null for whatever there is.</param>
    /// <param name="secret">A new secret; null to keep the one there is, which goes with the user name or the address that it was for.</param>
    /// <param name="ct">Cancels the call.</param>
    /// <returns>What was and what is. Errors: <c>registry.unknown</c>, <c>registry.taken</c>, <c>registry.secret</c>, <c>team.unknown</c>, <c>request.stale</c>.</returns>
    public async Task<Result<(Registry Before, Registry After)>> ChangeAsync(Registry registry, long? version, RegistrySecret? secret, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var record = await db.Registries.Include(known => known.Teams).SingleOrDefaultAsync(known => known.Id == registry.Id, ct);
        if (record is null)
        {
            return Unknown(registry.Id);
        }

        if (version is not null && version != record.Version)
        {
            return s_stale;
        }

        if (await CheckAsync(db, registry, ct) is { } against)
        {
            return against;
        }

        var before = Read(record);
        if (registry.HasSecret && secret is null && (!before.HasSecret || before.Address != registry.Address || before.UserName != registry.UserName))
        {
            // Who may change an address must not have another's password sent there.
            return new Error(ErrorKind.Invalid, "registry.secret", "Give the password or token anew: the one that is kept is for another user name or address, or there is none.");
        }

        Write(record, registry, !registry.HasSecret ? null : secret is null ? record.Secret : Seal(registry, secret));
        record.Version++;
        var saved = await SaveAsync(db, record, ct);
        return saved.Error is { } error ? error : (before, saved.Value);
    }

    /// <summary>Forgets one; what it was.</summary>
    public async Task<Result<Registry>> RemoveAsync(string id, long? version, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var record = await db.Registries.Include(registry => registry.Teams).SingleOrDefaultAsync(registry => registry.Id == id, ct);
        if (record is null)
        {
            return Unknown(id);
        }

        if (version is not null && version != record.Version)
        {
            return s_stale;
        }

        db.Registries.Remove(record);
        return await SaveAsync(db, record, ct);
    }

    private static readonly Error s_stale = new(ErrorKind.Conflict, "request.stale", "Somebody else has changed this meanwhile. Read it again, then decide.");

    private static Error Unknown(string id) => AccessModel.Unknown("registry", id);

    private static string Normal(string name) => name.ToUpperInvariant();

    private static async Task<Error?> CheckAsync(PortalDb db, Registry registry, CancellationToken ct)
    {
        var (id, name, teams) = (registry.Id, Normal(registry.Name), registry.Teams.ToArray());
        if (await db.Registries.AnyAsync(other => other.Id != id && other.NormalizedName == name, ct))
        {
            return AccessName.Taken("registry", registry.Name);
        }

        var known = await db.Teams.Where(team => teams.Contains(team.Id)).Select(team => team.Id).ToListAsync(ct);
        return teams.Except(known).FirstOrDefault() is { } unknown ? AccessModel.Unknown("team", unknown) : null;
    }

    private static async Task<Result<Registry>> SaveAsync(PortalDb db, RegistryRecord record, CancellationToken ct)
    {
        var read = Read(record);
        try
        {
            await db.SaveChangesAsync(ct);
            return read;
        }
        catch (DbUpdateException)
        {
            // Another has changed it, taken the name or removed a team at the same moment.
            return s_stale;
        }
    }

    private static void Write(RegistryRecord record, Registry registry, string? secret)
    {
        (record.Name, record.NormalizedName, record.Address, record.UserName, record.Secret, record.Notes, record.IsForEverybody) =
            (registry.Name, Normal(registry.Name), registry.Address, registry.UserName, secret, registry.Notes, registry.IsForEverybody);
        _ = record.Teams.RemoveAll(team => !registry.Teams.Contains(team.TeamId));
        record.Teams.AddRange(registry.Teams.Where(id => record.Teams.All(team => team.TeamId != id)).Select(id => new RegistryTeamRecord { RegistryId = record.Id, TeamId = id }));
    }

    private static Registry Read(RegistryRecord record) => new(record.Id, record.Name, record.Address)
    {
        UserName = record.UserName, HasSecret = record.Secret is not null, Notes = record.Notes, IsForEverybody = record.IsForEverybody, Version = record.Version,
        Teams = [.. record.Teams.Select(team => team.TeamId)],
    };

    private string Seal(Registry registry, RegistrySecret secret) => Convert.ToBase64String(Protector(registry.Id, registry.Address).Protect(JsonSerializer.SerializeToUtf8Bytes(secret)));

    private IDataProtector Protector(string id, string address) => protection.CreateProtector("Portal.Registry", id, address);
}
