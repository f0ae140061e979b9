using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Adapters.Storage;
using Portal.Api.Audit;
using Portal.Api.Tests.Access;
using Portal.Domain.Access;
using Portal.Domain.Audit;

namespace Portal.Api.Tests.Audit;

public sealed class AuditTrailTests : IDisposable
{
    private readonly PortalHost _portal = new();

    public void Dispose() => _portal.Dispose();

    private IAuditLog Log => _portal.Services.GetRequiredService<IAuditLog>();

    private AuditTrail Trail => _portal.Services.GetRequiredService<AuditTrail>();

    [Fact]
    public void Line_OfTheFirstForm_KeepsTheHashItWasGiven()
    {
        var line = new AuditRecord { Sequence = 1, Time = "2026-01-01T00:00:00.0000000Z", ActorId = "1", ActorName = "ann", Operation = "StopContainer", Target = "local/x", Outcome = "ok", Message = "", Hash = "", Version = 1 };
        line.Hash = AuditChain.HashOf("", line);
        // Computed apart from this code: what was written must stay verifiable for ever.
        Assert.Equal("96814537169307fa4bed6533bfd392c8f97b454472b0acf3aa5bfb3f54d3adc8", line.Hash);
        Assert.Null(AuditChain.FirstFault([line]));
        line.Version = 2;
        Assert.Equal(1, AuditChain.FirstFault([line]));
    }

    [Fact]
    public async Task Verify_FieldsOfTheSecondForm_AreCovered()
    {
        await Log.RecordChangeAsync(new("1", "ann", []) { Source = "192.0.2.1", TokenId = "t" }, "UpdateUser", "x", new("was", "is"), default);
        foreach (var edit in (Action<AuditRecord>[])[line => line.Source = "", line => line.TokenId = "", line => line.Before = "no", line => line.After = "no", line => line.Version = 1])
        {
            var line = Assert.Single(await _portal.AuditAsync());
            Assert.Null(AuditChain.FirstFault([line]));
            edit(line);
            Assert.Equal(1, AuditChain.FirstFault([line]));
        }
    }

    [Fact]
    public async Task Trim_OldLines_GoAndTheRestStaysVerifiable()
    {
        for (var i = 0; i < 3; i++)
        {
            await RecordAsync();
        }

        _portal.Time.Advance(TimeSpan.FromDays(10));
        await RecordAsync();
        Assert.Equal(3, await Trail.TrimAsync(TimeSpan.FromDays(5), default));
        Assert.Equal(0, await Trail.TrimAsync(TimeSpan.FromDays(5), default));
        await RecordAsync();
        Assert.Equal(new AuditVerdict(4, 3, null), await Trail.VerifyAsync(default));
        Assert.Equal([4, 5, 6], (await _portal.AuditAsync()).Select(line => line.Sequence));

        _portal.Time.Advance(TimeSpan.FromDays(10));
        Assert.Equal(3, await Trail.TrimAsync(TimeSpan.FromDays(5), default));
        Assert.Equal(new AuditVerdict(7, 1, null), await Trail.VerifyAsync(default));
    }

    [Fact]
    public async Task Start_MadeByHand_IsFoundOut()
    {
        for (var i = 0; i < 3; i++)
        {
            await RecordAsync();
        }

        await using var db = await Db();
        var second = (await _portal.AuditAsync())[1];
        db.AuditStarts.Add(new() { Sequence = 2, Hash = second.Hash, Signature = new string('0', 64) });
        await db.SaveChangesAsync();
        await db.Audit.Where(line => line.Sequence <= 2).ExecuteDeleteAsync();
        Assert.Equal(3, (await Trail.VerifyAsync(default)).FirstFault);
    }

    [Fact]
    public async Task Lines_AboveTheStart_AreStillKeptByTheDatabase()
    {
        await RecordAsync();
        _portal.Time.Advance(TimeSpan.FromDays(10));
        await RecordAsync();
        await Trail.TrimAsync(TimeSpan.FromDays(5), default);
        await using var db = await Db();
        await Assert.ThrowsAnyAsync<DbException>(() => db.Audit.ExecuteDeleteAsync());
        await Assert.ThrowsAnyAsync<DbException>(() => db.AuditStarts.ExecuteDeleteAsync());
        await Assert.ThrowsAnyAsync<DbException>(() => db.AuditStarts.ExecuteUpdateAsync(set => set.SetProperty(start => start.Hash, "")));
    }

    [Fact]
    public async Task List_Filtered_IsWhatWasAsked()
    {
        using var auditor = await _portal.SignedInAsync(BuiltInRoles.Auditor);
        await Log.RecordAsync(new("1", "ann", []), "StopContainer", "local/x", null, default);
        await Log.RecordAsync(new("2", "bob", []), "StopContainer", "local/y", null, default);
        var page = (await auditor.CallAsync("GET", "/audit?actor=bob&operation=StopContainer&target=local")).Body;
        Assert.Equal((1, "local/y"), (page.GetProperty("total").GetInt32(), page.GetProperty("items")[0].GetProperty("target").GetString()));
        var tomorrow = Uri.EscapeDataString(_portal.Time.GetUtcNow().AddDays(1).ToString("O"));
        Assert.Equal(0, (await auditor.CallAsync("GET", $"/audit?from={tomorrow}")).Body.GetProperty("total").GetInt32());
        Assert.Equal(3, (await auditor.CallAsync("GET", $"/audit?to={tomorrow}")).Body.GetProperty("total").GetInt32());
        Assert.True((await auditor.CallAsync("GET", "/audit/verify")).Body.GetProperty("firstFault").ValueKind == System.Text.Json.JsonValueKind.Null);
    }

    [Fact]
    public async Task Export_OfBothForms_HasEveryLine()
    {
        using var auditor = await _portal.SignedInAsync(BuiltInRoles.Auditor);
        await Log.RecordAsync(new("1", "ann", []), "StopContainer", "=cmd\"x", null, default);
        var json = await auditor.GetStringAsync("/api/v1/audit/export");
        Assert.Equal(2, json.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        var csv = await auditor.GetStringAsync("/api/v1/audit/export?format=csv&operation=StopContainer");
        Assert.StartsWith(AuditCsv.Head, csv, StringComparison.Ordinal);
        Assert.Contains(",\"'=cmd\"\"x\",", csv, StringComparison.Ordinal);
    }

    private Task RecordAsync() => Log.RecordAsync(new("1", "ann", []), "StopContainer", "local/x", null, default);

    private Task<PortalDb> Db() => _portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
}
