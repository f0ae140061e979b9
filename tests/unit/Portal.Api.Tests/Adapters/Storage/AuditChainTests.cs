using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access;
using Portal.Domain.Audit;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Adapters.Storage;

public sealed class AuditChainTests : IDisposable
{
    private static readonly Actor s_ann = new("1", "ann", []);
    private readonly PortalHost _portal = new();

    public void Dispose() => _portal.Dispose();

    [Fact]
    public async Task Record_ManyAtOnce_MakesOneChainWithoutGaps()
    {
        var audit = _portal.Services.GetRequiredService<IAuditLog>();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => audit.RecordAsync(s_ann, "StartContainer", $"local/{i}", i % 2 == 0 ? null : new Error(ErrorKind.Forbidden, "access.denied", "No."), default)));
        var lines = await _portal.AuditAsync();
        Assert.Equal(20, lines.Count);
        Assert.Equal(10, lines.Count(line => line.Outcome == "access.denied"));
        Assert.Null(AuditChain.FirstFault(lines));
    }

    [Fact]
    public async Task Fault_EveryKindOfEdit_IsFound()
    {
        var audit = _portal.Services.GetRequiredService<IAuditLog>();
        for (var i = 0; i < 3; i++)
        {
            await audit.RecordAsync(s_ann, "StopContainer", "local/x", null, default);
        }

        async Task<long?> After(Action<List<AuditRecord>> edit)
        {
            var lines = await _portal.AuditAsync();
            edit(lines);
            return AuditChain.FirstFault(lines);
        }

        Assert.Null(await After(_ => { }));
        Assert.Equal(2, await After(lines => lines[1].ActorName = "eve"));
        Assert.Equal(2, await After(lines => lines[1].Outcome = "no"));
        Assert.Equal(2, await After(lines => (lines[1].Operation, lines[1].Target) = ("StopContainerlocal", "/x")));
        Assert.Equal(2, await After(lines => lines.RemoveAt(1)));
        Assert.Equal(1, await After(lines => lines.Reverse()));
        Assert.Equal(3, await After(lines =>
        {
            lines[1].Target = "local/y";
            lines[1].Hash = AuditChain.HashOf(lines[0].Hash, lines[1]);
        }));
    }

    [Fact]
    public async Task Table_UpdateOrDelete_IsRefusedByTheDatabase()
    {
        await _portal.Services.GetRequiredService<IAuditLog>().RecordAsync(s_ann, "StopContainer", "local/x", null, default);
        await using var db = await _portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        await Assert.ThrowsAnyAsync<DbException>(() => db.Audit.ExecuteDeleteAsync());
        await Assert.ThrowsAnyAsync<DbException>(() => db.Audit.ExecuteUpdateAsync(set => set.SetProperty(line => line.ActorName, "eve")));
    }
}
