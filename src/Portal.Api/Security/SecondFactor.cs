using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access.Users;

namespace Portal.Api.Security;

/// <summary>An account's second factor: an authenticator's key, encrypted at rest, and recovery codes, stored as digests.</summary>
internal sealed class SecondFactor(IDbContextFactory<PortalDb> databases, IDataProtectionProvider protection, TimeProvider time)
{
    private const int KeyBytes = 20, RecoveryCodes = 10, RecoveryBytes = 10;
    private readonly IDataProtector _keys = protection.CreateProtector("Portal.SecondFactor");

    /// <summary>A new key for an account that has no second factor yet; it counts once <see cref="ConfirmAsync"/> has seen a code of it. Null when it has one.</summary>
    public async Task<byte[]?> BeginAsync(string userId, CancellationToken ct)
    {
        var key = RandomNumberGenerator.GetBytes(KeyBytes);
        var stored = Convert.ToBase64String(_keys.Protect(key));
        await using var db = await databases.CreateDbContextAsync(ct);
        var changed = await db.Users.Where(user => user.Id == userId && !user.TwoFactorEnabled).ExecuteUpdateAsync(set => set.SetProperty(user => user.TotpKey, stored), ct);
        return changed == 1 ? key : null;
    }

    /// <summary>Puts the key in force when the code is one of it: the recovery codes, shown once. Null otherwise.</summary>
    public async Task<IReadOnlyList<string>?> ConfirmAsync(string userId, string code, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var user = await db.Users.SingleOrDefaultAsync(u => u.Id == userId && !u.TwoFactorEnabled, ct);
        if (user is null || KeyOf(user) is not { } key || Totp.Match(key, code, time.GetUtcNow(), user.TotpStep) is not { } step)
        {
            return null;
        }

        (user.TwoFactorEnabled, user.TotpStep, user.Version) = (true, step, user.Version + 1);
        string[] codes = [.. Enumerable.Range(0, RecoveryCodes).Select(_ => NewRecoveryCode())];
        await using var all = await db.Database.BeginTransactionAsync(ct);
        await db.RecoveryCodes.Where(old => old.UserId == userId).ExecuteDeleteAsync(ct);
        db.RecoveryCodes.AddRange(codes.Select(text => new RecoveryCodeRecord { UserId = userId, Hash = Secrets.Digest(Bare(text)) }));
        await db.SaveChangesAsync(ct);
        await all.CommitAsync(ct);
        return codes;
    }

    /// <summary>True when the code is the authenticator's, or a recovery code. Either is spent by it.</summary>
    public async Task<bool> UseAsync(PortalUser user, string code, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        if (KeyOf(user) is { } key && Totp.Match(key, code, time.GetUtcNow(), user.TotpStep) is { } step)
        {
            // Two at once with one code: one of them.
            return await db.Users.Where(u => u.Id == user.Id && u.TotpStep < step).ExecuteUpdateAsync(set => set.SetProperty(u => u.TotpStep, step), ct) == 1;
        }

        var hash = Secrets.Digest(Bare(code));
        return await db.RecoveryCodes.Where(recovery => recovery.UserId == user.Id && recovery.Hash == hash).ExecuteDeleteAsync(ct) == 1;
    }

    /// <summary>Takes the second factor away.</summary>
    public async Task RemoveAsync(string userId, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        await using var all = await db.Database.BeginTransactionAsync(ct);
        await db.Users.Where(user => user.Id == userId).ExecuteUpdateAsync(
            set => set.SetProperty(user => user.TwoFactorEnabled, false).SetProperty(user => user.TotpKey, (string?)null).SetProperty(user => user.Version, user => user.Version + 1), ct);
        await db.RecoveryCodes.Where(code => code.UserId == userId).ExecuteDeleteAsync(ct);
        await all.CommitAsync(ct);
    }

    private byte[]? KeyOf(PortalUser user)
    {
        try
        {
            return user.TotpKey is { } stored ? _keys.Unprotect(Convert.FromBase64String(stored)) : null;
        }
        catch (CryptographicException)
        {
            // The keys were lost: recovery codes and an administrator's reset still work.
            return null;
        }
    }

    private static string NewRecoveryCode() => string.Join('-', Totp.Base32(RandomNumberGenerator.GetBytes(RecoveryBytes)).Chunk(4).Select(group => new string(group)));

    private static string Bare(string code) => string.Concat(code.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();
}
