using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Portal.Api.Adapters.Storage;
using Portal.Api.Tests.Postgres;

namespace Portal.Api.Tests.Adapters.Storage;

public sealed class MigrationTests : IDisposable
{
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("portal-migration-").FullName, "portal.db");
    private readonly List<string> _databases = [];

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);
        foreach (var database in _databases)
        {
            PostgresServer.Running.Drop(database);
        }
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Access_OverTheFirstSchema_KeepsWhatPeopleHadAndTheLog(string kind)
    {
        await using var db = Db(kind);
        await db.GetService<IMigrator>().MigrateAsync("Initial");
        var line = new AuditRecord { Sequence = 1, Time = "2026-01-01T00:00:00.0000000Z", ActorId = "", ActorName = "ann", Operation = "SignIn", Target = "", Outcome = "ok", Message = "", Hash = "", Version = 1 };
        line.Hash = AuditChain.HashOf("", line);
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO users ("Id", "UserName", "NormalizedUserName", "EmailConfirmed", "PhoneNumberConfirmed", "TwoFactorEnabled", "LockoutEnabled", "AccessFailedCount") VALUES ('u', 'ann', 'ANN', false, false, false, false, 0);
            INSERT INTO grants ("UserId", "Role", "Host") VALUES ('u', 'Administrator', NULL), ('u', 'Viewer', 'h1');
            INSERT INTO audit ("Sequence", "Time", "ActorId", "ActorName", "Operation", "Target", "Outcome", "Message", "Hash") VALUES (1, {line.Time}, '', 'ann', 'SignIn', '', 'ok', '', {line.Hash});
            """);

        await db.Database.MigrateAsync();

        Assert.Equal(
            [("1", "user", "u", "Administrator", "all"), ("2", "user", "u", "Viewer", "host:h1")],
            (await db.Grants.AsNoTracking().OrderBy(grant => grant.Id).ToListAsync()).Select(grant => (grant.Id, grant.SubjectKind, grant.SubjectId, grant.Role, grant.Scope)));
        Assert.False((await db.Users.SingleAsync()).IsDisabled);
        Assert.Null(AuditChain.FirstFault(await db.Audit.AsNoTracking().ToListAsync()));
        await Assert.ThrowsAnyAsync<DbException>(() => db.Audit.ExecuteDeleteAsync());
        await Assert.ThrowsAnyAsync<DbException>(() => db.Audit.ExecuteUpdateAsync(set => set.SetProperty(l => l.Target, "x")));
    }

    [Fact]
    public void Model_AgainstTheMigrations_HasNothingNew()
    {
        using var db = Db("sqlite");
        Assert.False(db.Database.HasPendingModelChanges());
    }

    [Fact]
    public async Task Postgres_AfterTheMigrations_HasTheTablesOfTheModel()
    {
        await using var migrated = Db("postgres");
        await migrated.Database.MigrateAsync();
        await using var made = Db("postgres");
        await made.Database.EnsureCreatedAsync();
        var expected = await ColumnsAsync(made);
        Assert.Contains("audit Sequence bigint NO", expected);
        Assert.Equal(expected, (await ColumnsAsync(migrated)).Where(column => !column.StartsWith("__", StringComparison.Ordinal)));
        var indexes = "SELECT indexdef AS \"Value\" FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_%' ORDER BY 1";
        Assert.Equal(await made.Database.SqlQueryRaw<string>(indexes).ToListAsync(), await migrated.Database.SqlQueryRaw<string>(indexes).ToListAsync());
    }

    [Fact]
    public void Migrations_OfBothDatabases_NameNoTypesOfOne()
    {
        using var db = Db("sqlite");
        var migrations = db.GetService<IMigrationsAssembly>();
        var models = migrations.Migrations.Select(pair => migrations.CreateMigration(pair.Value, db.Database.ProviderName!)).ToArray();
        var named = models.Select(migration => migration.TargetModel).Append(migrations.ModelSnapshot!.Model)
            .SelectMany(model => model.GetEntityTypes()).SelectMany(entity => entity.GetProperties())
            .Where(property => property.FindAnnotation(RelationalAnnotationNames.ColumnType) is not null).Select(property => $"{property.DeclaringType.Name}.{property.Name}")
            .Concat(models.SelectMany(migration => migration.UpOperations).SelectMany(Columns).Where(column => column.ColumnType is not null).Select(column => $"{column.Table}.{column.Name}"));

        // The tool writes those of SQLite into the migration, its designer file and the snapshot: take them out.
        Assert.Empty(named);
    }

    private static IEnumerable<ColumnOperation> Columns(MigrationOperation operation) => operation switch
    {
        CreateTableOperation table => table.Columns,
        ColumnOperation column => [column],
        _ => [],
    };

    private static Task<List<string>> ColumnsAsync(PortalDb db) => db.Database.SqlQueryRaw<string>("""
        SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, character_maximum_length, identity_generation) AS "Value"
        FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1
        """).ToListAsync();

    private PortalDb Db(string kind)
    {
        if (kind == "sqlite")
        {
            return new(new DbContextOptionsBuilder<PortalDb>().UseSqlite($"Data Source={_path}").Options);
        }

        PostgresServer.OrSkip();
        _databases.Add(PortalHost.NewServerDatabase());
        return new(new DbContextOptionsBuilder<PortalDb>().UseNpgsql(PostgresServer.Running.Connection(_databases[^1]))
            .ConfigureWarnings(warnings => warnings.Ignore(Microsoft.EntityFrameworkCore.Diagnostics.RelationalEventId.PendingModelChangesWarning)).Options);
    }
}
