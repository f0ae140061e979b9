using System.Security.Cryptography;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Model;
using Portal.Domain.Access.Users;
using Portal.Domain.Audit;
using Portal.Domain.Primitives;

namespace Portal.Api.Commands;

/// <summary>The way back in for an administrator who has lost password, second factor or passkey: whoever may run it owns the machine's data anyway.</summary>
internal sealed class AdministratorReset(IAccessStore store, PasswordGate passwords, IAuditLog audit)
{
    private const int PasswordBytes = 15;

    /// <summary>Gives the administrator a new password, takes the second factor and passkeys away, and enables the account; the password.</summary>
    public async Task<Result<string>> RunAsync(string name, CancellationToken ct)
    {
        var console = new Actor("", "console", []) { Source = "console" };
        if (await audit.BeginAsync(console, nameof(AdministratorReset), PasswordRules.CheckName(name) is null ? name : "", ct) is { Error: { } unrecorded })
        {
            return unrecorded;
        }

        var password = string.Join('-', Totp.Base32(RandomNumberGenerator.GetBytes(PasswordBytes)).Chunk(4).Select(group => new string(group)));
        var hash = await passwords.HashAsync(new(), password, ct);
        var changed = await store.ChangeAsync(model => Reset(model, name, hash), ct);
        if (changed.Error is { } error)
        {
            await audit.RecordAsync(console, nameof(AdministratorReset), "", error, ct);
            return error;
        }

        await audit.RecordChangeAsync(console, nameof(AdministratorReset), name, AccessDifference.Between(changed.Value.Before, changed.Value.After), ct);
        return password;
    }

    private static Result<AccessModel> Reset(AccessModel model, string name, string hash)
    {
        var administrators = model.Users.Values.Where(user => model.GrantsOfUser(user.Id).Any(AccessModel.IsAdministration)).ToArray();
        if (administrators.FirstOrDefault(user => string.Equals(user.Name, name, StringComparison.OrdinalIgnoreCase)) is not { } user)
        {
            return new Error(ErrorKind.NotFound, "user.unknown", $"There is no such administrator. There are: {string.Join(", ", administrators.Select(one => one.Name).Order(StringComparer.Ordinal))}.");
        }

        var reset = new ResetPassword(user.Id, hash, true, Secrets.NewId()) { WithoutPasskeys = true }.ApplyTo(model);
        return reset.Error is { } error ? error : reset.Value with { Users = reset.Value.Users.SetItem(user.Id, reset.Value.Users[user.Id] with { IsDisabled = false }) };
    }
}
