using Microsoft.EntityFrameworkCore.Migrations;

namespace Portal.Api.Adapters.Storage;

/// <summary>
/// What the database itself holds about the audit log, whoever has the connection: lines do not change, and only those below a recorded start go. The one
/// place with SQL that differs between databases.
/// </summary>
internal static class AppendOnly
{
    /// <summary>Lets lines below a recorded start go; replaces the trigger that let none.</summary>
    public static void AllowTrimming(MigrationBuilder migration)
    {
        if (migration.ActiveProvider != "Microsoft.EntityFrameworkCore.Sqlite")
        {
            throw new NotSupportedException($"The audit log's guards are not written for {migration.ActiveProvider}.");
        }

        migration.Sql("DROP TRIGGER IF EXISTS audit_no_delete;");
        migration.Sql("""
            CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit WHEN OLD."Sequence" > (SELECT coalesce(max("Sequence"), 0) FROM audit_starts)
            BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
            """);
        migration.Sql("CREATE TRIGGER audit_starts_no_update BEFORE UPDATE ON audit_starts BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;");
        migration.Sql("CREATE TRIGGER audit_starts_no_delete BEFORE DELETE ON audit_starts BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;");
    }
}
