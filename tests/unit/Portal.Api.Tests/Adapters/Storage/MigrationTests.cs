using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Portal.Api.Adapters.Storage;

namespace Portal.Api.Tests.Adapters.Storage;

public sealed class MigrationTests : IDisposable
{
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("portal-migration-").FullName, "portal.db");

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);
    }

    [Fact]
    public async Task Access_OverTheFirstSchema_KeepsWhatPeopleHadAndTheLog()
    {
        await using var db = new PortalDb(new DbContextOptionsBuilder<PortalDb>().UseSqlite($"Data Source={_path}").Options);
        await db.GetService<IMigrator>().MigrateAsync("Initial");
        var line = new AuditRecord { Sequence = 1, Time = "2026-01-01T00:00:00.0000000Z", ActorId = "", ActorName = "ann", Operation = "SignIn", Target = "", Outcome = "ok", Message = "", Hash = "", Version = 1 };
        line.Hash = AuditChain.HashOf("", line);
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO users (Id, UserName, NormalizedUserName, EmailConfirmed, PhoneNumberConfirmed, TwoFactorEnabled, LockoutEnabled, AccessFailedCount) VALUES ('u', 'ann', 'ANN', 0, 0, 0, 0, 0);
            INSERT INTO grants (UserId, Role, Host) VALUES ('u', 'Administrator', NULL), ('u', 'Viewer', 'h1');
            INSERT INTO audit (Sequence, Time, ActorId, ActorName, Operation, Target, Outcome, Message, Hash) VALUES (1, {line.Time}, '', 'ann', 'SignIn', '', 'ok', '', {line.Hash});
            """);

        await db.Database.MigrateAsync();

        Assert.Equal(
            [("1", "user", "u", "Administrator", "all"), ("2", "user", "u", "Viewer", "host:h1")],
            (await db.Grants.AsNoTracking().OrderBy(grant => grant.Id).ToListAsync()).Select(grant => (grant.Id, grant.SubjectKind, grant.SubjectId, grant.Role, grant.Scope)));
        Assert.False((await db.Users.SingleAsync()).IsDisabled);
        Assert.Null(AuditChain.FirstFault(await db.Audit.AsNoTracking().ToListAsync()));
        await Assert.ThrowsAsync<SqliteException>(() => db.Audit.ExecuteDeleteAsync());
        await Assert.ThrowsAsync<SqliteException>(() => db.Audit.ExecuteUpdateAsync(set => set.SetProperty(l => l.Target, "x")));
    }

    [Fact]
    public void Model_AgainstTheMigrations_HasNothingNew()
    {
        using var db = new PortalDb(new DbContextOptionsBuilder<PortalDb>().UseSqlite("Data Source=:memory:").Options);
        Assert.False(db.Database.HasPendingModelChanges());
    }
}
