using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Adapters.Storage;

namespace Portal.Api.Security.Passkeys;

/// <summary>Shows Identity's handler the accounts and their passkeys. It only reads: <see cref="PasskeyKeys"/> writes.</summary>
internal sealed class PasskeyStore(PortalDb db, IdentityErrorDescriber? errors = null) : UserOnlyStore<PortalUser, PortalDb, string>(db, errors)
{
    public override async Task<IList<UserPasskeyInfo>> GetPasskeysAsync(PortalUser user, CancellationToken cancellationToken) =>
        [.. (await Context.Passkeys.AsNoTracking().Where(passkey => passkey.UserId == user.Id).ToListAsync(cancellationToken)).Select(Info)];

    public override async Task<UserPasskeyInfo?> FindPasskeyAsync(PortalUser user, byte[] credentialId, CancellationToken cancellationToken)
    {
        var id = PasskeyKeys.TextOf(credentialId);
        return await Context.Passkeys.AsNoTracking().SingleOrDefaultAsync(passkey => passkey.CredentialId == id && passkey.UserId == user.Id, cancellationToken) is { } found ? Info(found) : null;
    }

    public override async Task<PortalUser?> FindByPasskeyIdAsync(byte[] credentialId, CancellationToken cancellationToken)
    {
        var id = PasskeyKeys.TextOf(credentialId);
        return await Context.Users.AsNoTracking().SingleOrDefaultAsync(user => Context.Passkeys.Any(passkey => passkey.CredentialId == id && passkey.UserId == user.Id), cancellationToken);
    }

    public override Task AddOrUpdatePasskeyAsync(PortalUser user, UserPasskeyInfo passkey, CancellationToken cancellationToken) => throw new NotSupportedException();

    public override Task RemovePasskeyAsync(PortalUser user, byte[] credentialId, CancellationToken cancellationToken) => throw new NotSupportedException();

    private static UserPasskeyInfo Info(PasskeyRecord record) => new(
        PasskeyKeys.BytesOf(record.CredentialId), record.PublicKey, DateTimeOffset.FromUnixTimeSeconds(record.CreatedUnix), (uint)record.SignCount,
        record.Transports.Split(' ', StringSplitOptions.RemoveEmptyEntries), isUserVerified: true, record.IsBackupEligible, record.IsBackedUp, [], []);
}
