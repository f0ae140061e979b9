using System.Buffers.Text;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Access;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Api.Security.Passkeys;

/// <summary>The passkeys of accounts, as they are stored.</summary>
internal sealed class PasskeyKeys(IDbContextFactory<PortalDb> databases, TimeProvider time)
{
    private const int Most = 20, LongestName = 64;

    /// <summary>A credential's id as text.</summary>
    public static string TextOf(ReadOnlySpan<byte> credentialId) => Base64Url.EncodeToString(credentialId);

    /// <summary>And back.</summary>
    public static byte[] BytesOf(string credentialId) => Base64Url.DecodeFromChars(credentialId);

    /// <summary>Why this is no name for a passkey, or null.</summary>
    public static Error? CheckName(string name) => name.Length is > 0 and <= LongestName && !string.IsNullOrWhiteSpace(name) && !name.Any(char.IsControl)
        ? null
        : new(ErrorKind.Invalid, "passkey.name", $"A passkey's name has 1 to {LongestName} printable characters.");

    /// <summary>All of an account, the oldest first.</summary>
    public async Task<IReadOnlyList<PasskeyItem>> ListAsync(string user, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var records = await db.Passkeys.AsNoTracking().Where(passkey => passkey.UserId == user).OrderBy(passkey => passkey.CreatedUnix).ThenBy(passkey => passkey.Id).ToListAsync(ct);
        return [.. records.Select(PasskeyItem.From)];
    }

    /// <summary>Why the account can have no further passkey, or null.</summary>
    public async Task<Error?> CheckRoomAsync(string user, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        if (!await db.Users.AnyAsync(u => u.Id == user && u.PasswordHash != null, ct))
        {
            return new(ErrorKind.Conflict, "passkey.external", "Your account signs in by an identity provider, which would no longer decide who comes in. Set up a passkey there.");
        }

        return await db.Passkeys.CountAsync(passkey => passkey.UserId == user, ct) < Most
            ? null
            : new(ErrorKind.Conflict, "passkey.many", $"You have {Most} passkeys already. Remove one first.");
    }

    /// <summary>Adds what Identity has verified.</summary>
    public async Task<Result<PasskeyItem>> AddAsync(string user, string name, UserPasskeyInfo passkey, CancellationToken ct)
    {
        var record = new PasskeyRecord
        {
            Id = Secrets.NewId(),
            UserId = user,
            Name = name,
            CredentialId = TextOf(passkey.CredentialId),
            PublicKey = passkey.PublicKey,
            SignCount = passkey.SignCount,
            Transports = string.Join(' ', (passkey.Transports ?? []).Where(transport => transport.Length is > 0 and <= 32 && transport.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')).Take(8)),
            IsBackupEligible = passkey.IsBackupEligible,
            IsBackedUp = passkey.IsBackedUp,
            CreatedUnix = time.GetUtcNow().ToUnixTimeSeconds(),
        };
        await using var db = await databases.CreateDbContextAsync(ct);
        db.Passkeys.Add(record);
        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateException ex) when (!DatabaseFaults.IsAway(ex))
        {
            // Two at once with one key, or the account was removed meanwhile.
            return PasskeyDesk.Unusable;
        }

        return PasskeyItem.From(record);
    }

    /// <summary>That a passkey has signed; its id. Null when it is gone, or another has brought the same count meanwhile.</summary>
    public async Task<string?> UseAsync(string user, UserPasskeyInfo passkey, CancellationToken ct)
    {
        var (credential, count, backedUp, now) = (TextOf(passkey.CredentialId), (long)passkey.SignCount, passkey.IsBackedUp, time.GetUtcNow().ToUnixTimeSeconds());
        await using var db = await databases.CreateDbContextAsync(ct);
        var id = await db.Passkeys.Where(p => p.UserId == user && p.CredentialId == credential).Select(p => p.Id).SingleOrDefaultAsync(ct);
        return id is not null && await db.Passkeys.Where(p => p.Id == id && (p.SignCount < count || (p.SignCount == 0 && count == 0)))
            .ExecuteUpdateAsync(set => set.SetProperty(p => p.SignCount, count).SetProperty(p => p.IsBackedUp, backedUp).SetProperty(p => p.LastUsedUnix, now), ct) == 1
            ? id
            : null;
    }

    /// <summary>Gives one another name.</summary>
    public async Task<Result<PasskeyItem>> RenameAsync(string user, string id, string name, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        if (await db.Passkeys.SingleOrDefaultAsync(passkey => passkey.Id == id && passkey.UserId == user, ct) is not { } record)
        {
            return AccessModel.Unknown("passkey", id);
        }

        record.Name = name;
        await db.SaveChangesAsync(ct);
        return PasskeyItem.From(record);
    }

    /// <summary>Takes one away; what was opened by it ends with it. Its name.</summary>
    public async Task<Result<string>> RemoveAsync(string user, string id, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        if (await db.Passkeys.Where(passkey => passkey.Id == id && passkey.UserId == user).Select(passkey => passkey.Name).SingleOrDefaultAsync(ct) is not { } name)
        {
            return AccessModel.Unknown("passkey", id);
        }

        await using var all = await db.Database.BeginTransactionAsync(ct);
        await db.Passkeys.Where(passkey => passkey.Id == id).ExecuteDeleteAsync(ct);
        await db.TokenFamilies.Where(family => family.PasskeyId == id).ExecuteDeleteAsync(ct);
        await all.CommitAsync(ct);
        return Result.Of(name);
    }
}
