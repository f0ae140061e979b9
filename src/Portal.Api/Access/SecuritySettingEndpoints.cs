using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Primitives;

namespace Portal.Api.Access;

/// <summary>What is set about security.</summary>
/// <param name="AdministratorsNeedSecondFactor" example="false">True when an administrator without a second factor may do nothing but set one up.</param>
public sealed record SecuritySettings([property: Required] bool AdministratorsNeedSecondFactor);

/// <summary>Settings of security.</summary>
internal static class SecuritySettingEndpoints
{
    public static void MapSecuritySettings(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/settings/security").WithTags("Settings");
        group.MapGet("", GetAsync).WithName("GetSecuritySettings").RequirePermission(Permission.SettingsRead, On.Portal);
        group.MapPut("", SetAsync).WithName("SetSecuritySettings").RequirePermission(Permission.SettingsManage, On.Portal).ProducesProblems(503);
    }

    /// <summary>Gets what is set about security.</summary>
    internal static async Task<Results<Ok<SecuritySettings>, Problem>> GetAsync(PortalGate gate, Settings settings, CancellationToken ct)
    {
        var reader = await gate.ReadAsync(Permission.SettingsRead, "GetSecuritySettings", ct);
        return reader.Error is { } error ? error.ToProblem() : TypedResults.Ok(new SecuritySettings(await settings.AdministratorsNeedSecondFactorAsync(ct)));
    }

    /// <summary>Sets it.</summary>
    internal static async Task<Results<Ok<SecuritySettings>, Problem>> SetAsync(SecuritySettings request, PortalGate gate, Settings settings, CancellationToken ct)
    {
        var before = await settings.AdministratorsNeedSecondFactorAsync(ct);
        var done = await gate.RunAsync(Permission.SettingsManage, "SetSecuritySettings", "security", async _ =>
        {
            await settings.SetAdministratorsNeedSecondFactorAsync(request.AdministratorsNeedSecondFactor, ct);
            return Result.Of(request);
        }, ct, _ => new($"administrators need a second factor: {before}", $"administrators need a second factor: {request.AdministratorsNeedSecondFactor}"));
        return done.Error is { } error ? error.ToProblem() : TypedResults.Ok(done.Value);
    }
}
