using Microsoft.EntityFrameworkCore;
using Portal.Api.Adapters.Storage;

namespace Portal.Api.Security;

/// <summary>What administrators have set about security.</summary>
internal sealed class Settings(IDbContextFactory<PortalDb> databases)
{
    private const string SecondFactor = "administrators-need-second-factor";

    /// <summary>True when an administrator without a second factor may do nothing but set one up.</summary>
    public async Task<bool> AdministratorsNeedSecondFactorAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.Settings.AnyAsync(setting => setting.Name == SecondFactor && setting.Value == "true", ct);
    }

    /// <summary>Sets that.</summary>
    public async Task SetAdministratorsNeedSecondFactorAsync(bool needed, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var record = await db.Settings.FindAsync([SecondFactor], ct) ?? db.Settings.Add(new() { Name = SecondFactor, Value = "" }).Entity;
        record.Value = needed ? "true" : "false";
        await db.SaveChangesAsync(ct);
    }
}
