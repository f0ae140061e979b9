using System.Net;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Adapters.Storage;
using Portal.Api.Commands;
using Portal.Api.Tests.Access;
using Portal.Domain.Access;

namespace Portal.Api.Tests.Commands;

public sealed class ConsoleCommandTests : IDisposable
{
    private readonly PortalHost _portal = new();

    public void Dispose() => _portal.Dispose();

    [Fact]
    public async Task Reset_OfAnAdministrator_LetsThemInAgainAndIsRecorded()
    {
        await _portal.AddUserAsync("root", BuiltInRoles.Administrator);
        using var before = _portal.With(await _portal.TokenAsync("root"));
        await using (var db = await _portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync())
        {
            await db.Users.ExecuteUpdateAsync(set => set.SetProperty(user => user.TwoFactorEnabled, true).SetProperty(user => user.IsDisabled, true));
        }

        var (code, text) = await RunAsync("administrator", "reset", "ROOT");
        Assert.Equal(0, code);
        var password = text.Split('\n')[0].Split(' ')[^1];
        using var client = _portal.Client();
        Assert.Equal(HttpStatusCode.OK, (await client.CallAsync("POST", "/auth/token", new { userName = "root", password })).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await before.CallAsync("GET", "/me")).Status);
        Assert.Equal("signin.failed", (await client.CallAsync("POST", "/auth/token", new { userName = "root", password = PortalHost.Password })).Code);
        var lines = await _portal.AuditAsync();
        Assert.Single(lines, line => line is { Operation: "AdministratorReset", Outcome: "ok", ActorName: "console" });
        Assert.DoesNotContain(lines, line => $"{line.After}{line.Message}{line.Target}".Contains(password, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Reset_OfAnybodyElse_IsRefusedAndChangesNothing()
    {
        await _portal.AddUserAsync("root", BuiltInRoles.Administrator);
        await _portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        var (code, text) = await RunAsync("administrator", "reset", "ann");
        Assert.Equal((1, true), (code, text.Contains("root", StringComparison.Ordinal)));
        Assert.NotEmpty(await _portal.TokenAsync("ann"));
    }

    [Fact]
    public async Task AuditVerify_OfATamperedLog_SaysWhereAndFails()
    {
        await _portal.AddUserAsync("root", BuiltInRoles.Administrator);
        await _portal.TokenAsync("root");
        Assert.Equal(0, (await RunAsync("audit", "verify")).Code);
        await using (var db = await _portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync())
        {
            // What somebody does who has the file.
            await db.Database.ExecuteSqlRawAsync(_portal.ServerDatabase is null ? "DROP TRIGGER audit_no_update" : "DROP TRIGGER audit_no_update ON audit");
            await db.Audit.ExecuteUpdateAsync(set => set.SetProperty(line => line.ActorName, "eve"));
        }

        var (code, text) = await RunAsync("audit", "verify");
        Assert.Equal((1, true), (code, text.Contains("line 1 ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Command_Unknown_ShowsWhatThereIs()
    {
        await using var output = new StringWriter();
        Assert.Equal(2, await ConsoleCommand.RunAsync(["audit", "burn"], () => throw new InvalidOperationException("Nothing is opened."), output, CancellationToken.None));
        Assert.Contains("portal administrator reset NAME", output.ToString(), StringComparison.Ordinal);
        Assert.True(ConsoleCommand.IsIn(["help"]));
        Assert.False(ConsoleCommand.IsIn([]));
        Assert.False(ConsoleCommand.IsIn(["--urls", "x"]));
    }

    private async Task<(int Code, string Text)> RunAsync(params string[] args)
    {
        SqliteConnection.ClearAllPools();
        await using var output = new StringWriter();
        return (await ConsoleCommand.RunAsync(args, _portal.Services, output, CancellationToken.None), output.ToString());
    }
}
