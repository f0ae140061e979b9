using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Portal.Api.Security.Passkeys;

/// <summary>
/// Whose passkeys they are: of the portal's public name, or where none is set, of the name that the browser used. A device signs for the name it is at, so
/// that a forged Host header leads to no key.
/// </summary>
internal sealed class PasskeyAddress(IOptions<PortalOptions> options) : IConfigureOptions<IdentityPasskeyOptions>
{
    /// <summary>True when there is a name; browsers make no passkeys for addresses of numbers.</summary>
    public bool HasName(HttpRequest request) => options.Value.PublicAddress is not null || Uri.CheckHostName(request.Host.Host) == UriHostNameType.Dns;

    public void Configure(IdentityPasskeyOptions passkeys)
    {
        passkeys.ServerDomain = options.Value.PublicAddress?.IdnHost;
        passkeys.AuthenticatorTimeout = PasskeyCeremonies.Life;

        // Two factors in one: the device, and what it asks of its holder. Names are not asked for, so the device must know whose key it is.
        passkeys.UserVerificationRequirement = "required";
        passkeys.ResidentKeyRequirement = "required";
        passkeys.AttestationConveyancePreference = "none";
        passkeys.ValidateOrigin = context => ValueTask.FromResult(!context.CrossOrigin && string.Equals(context.Origin, OriginOf(context.HttpContext.Request), StringComparison.OrdinalIgnoreCase));
    }

    private string OriginOf(HttpRequest request) => options.Value.PublicAddress is { } address
        ? $"https://{address.IdnHost}{(address.IsDefaultPort ? "" : $":{address.Port}")}"
        : $"https://{request.Host}";
}
