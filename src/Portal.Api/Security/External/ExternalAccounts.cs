using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Portal.Api.Http;
using Portal.Domain.Access;
using Portal.Domain.Access.Model;
using Portal.Domain.Access.Users;
using Portal.Domain.Audit;
using Portal.Domain.Primitives;

namespace Portal.Api.Security.External;

/// <summary>
/// The accounts of people who sign in by an identity provider. An account is known by issuer and subject alone: a name or an address of mail can be given
/// to somebody else, and would take an account over.
/// </summary>
internal sealed class ExternalAccounts(IAccessStore store, IAuditLog audit, IOptions<PortalOptions> options, TimeProvider time)
{
    /// <summary>The principal of the account, which is made at the first sign-in and holds only what its teams do.</summary>
    public async Task<Result<ClaimsPrincipal>> SignInAsync(string issuer, string subject, ClaimsPrincipal external, string source, CancellationToken ct)
    {
        var id = IdOf(issuer, subject);
        var name = external.FindFirstValue("preferred_username") ?? external.FindFirstValue("email") ?? "";
        var values = external.FindAll(options.Value.OidcTeamClaim).Select(claim => claim.Value).ToHashSet(StringComparer.Ordinal);
        var changed = await store.ChangeAsync(model => Next(model, id, name, values), ct);
        var user = changed.Error is { } failed ? failed : changed.Value.After.User(id);
        var result = user.Error is { } refused
            ? refused
            : user.Value.IsDisabled ? new Error(ErrorKind.Unauthorized, "signin.disabled", "This account is disabled. Ask an administrator.") : Result.Of(Principal(user.Value));
        var actor = new Actor(result.IsSuccess ? id : "", Printable.Of(name, 64), []) { Source = source };
        if (result.IsSuccess && changed.Value.Before != changed.Value.After)
        {
            await audit.RecordChangeAsync(actor, "ExternalSignIn", source, AccessDifference.Between(changed.Value.Before, changed.Value.After), ct);
        }
        else
        {
            await audit.RecordAsync(actor, "ExternalSignIn", source, result.Error, ct);
        }

        return result;
    }

    private Result<AccessModel> Next(AccessModel model, string id, string name, HashSet<string> values)
    {
        if (!model.Users.ContainsKey(id))
        {
            var made = PasswordRules.CheckName(name) is { } unusable
                ? unusable
                : new CreateUser(new(id, name) { Stamp = Secrets.NewId(), Created = time.GetUtcNow() }).ApplyTo(model);
            if (made.Error is { } error)
            {
                return error;
            }

            model = made.Value;
        }

        // The provider does not take the last administrator away.
        var next = options.Value.OidcTeamMap.Apply(model, id, values);
        return model.HasAdministrator && !next.HasAdministrator ? model : next;
    }

    private static ClaimsPrincipal Principal(User user)
    {
        var principal = PrincipalOf.User(new() { Id = user.Id, UserName = user.Name, SecurityStamp = user.Stamp }, PortalSchemes.Cookie);
        ((ClaimsIdentity)principal.Identity!).AddClaim(new(PortalClaims.External, "1"));
        return principal;
    }

    private static string IdOf(string issuer, string subject) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{issuer}\n{subject}")).AsSpan(0, 16));
}
