using Microsoft.EntityFrameworkCore.Migrations;

namespace Portal.Api.Adapters.Storage;

/// <summary>
/// What the database itself holds about the audit log, whoever has the connection: lines do not change, and only those below a recorded start go. The one
/// place with SQL that differs between databases.
/// </summary>
internal static class AppendOnly
{
    private const string Refusal = "the audit log is append-only";

    /// <summary>Lets no line change, and none go.</summary>
    public static void Guard(MigrationBuilder migration)
    {
        if (IsPostgres(migration))
        {
            migration.Sql($"CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{Refusal}' USING ERRCODE = 'restrict_violation'; END $$;");
            RefuseOnPostgres(migration, "audit", "update");
            RefuseOnPostgres(migration, "audit", "delete");
            RefuseOnPostgres(migration, "audit", "truncate", "STATEMENT");
        }
        else
        {
            RefuseOnSqlite(migration, "audit", "update");
            RefuseOnSqlite(migration, "audit", "delete");
        }
    }

    /// <summary>Lets lines below a recorded start go; replaces the trigger that let none.</summary>
    public static void AllowTrimming(MigrationBuilder migration)
    {
        if (IsPostgres(migration))
        {
            migration.Sql("DROP TRIGGER audit_no_delete ON audit;");

            // With the path of now: whoever deletes does not say which table of starts is meant.
            migration.Sql($"""
                CREATE FUNCTION audit_trim_only() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
                BEGIN
                  IF OLD."Sequence" > (SELECT coalesce(max("Sequence"), 0) FROM audit_starts) THEN RAISE EXCEPTION '{Refusal}' USING ERRCODE = 'restrict_violation'; END IF;
                  RETURN OLD;
                END $$;
                """);
            migration.Sql("CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_trim_only();");
            RefuseOnPostgres(migration, "audit_starts", "update");
            RefuseOnPostgres(migration, "audit_starts", "delete");
            RefuseOnPostgres(migration, "audit_starts", "truncate", "STATEMENT");
        }
        else
        {
            migration.Sql("DROP TRIGGER IF EXISTS audit_no_delete;");
            migration.Sql($"""
                CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit WHEN OLD."Sequence" > (SELECT coalesce(max("Sequence"), 0) FROM audit_starts)
                BEGIN SELECT RAISE(ABORT, '{Refusal}'); END;
                """);
            RefuseOnSqlite(migration, "audit_starts", "update");
            RefuseOnSqlite(migration, "audit_starts", "delete");
        }
    }

    private static void RefuseOnPostgres(MigrationBuilder migration, string table, string change, string each = "ROW") =>
        migration.Sql($"CREATE TRIGGER {table}_no_{change} BEFORE {change.ToUpperInvariant()} ON {table} FOR EACH {each} EXECUTE FUNCTION audit_append_only();");

    private static void RefuseOnSqlite(MigrationBuilder migration, string table, string change) =>
        migration.Sql($"CREATE TRIGGER {table}_no_{change} BEFORE {change.ToUpperInvariant()} ON {table} BEGIN SELECT RAISE(ABORT, '{Refusal}'); END;");

    private static bool IsPostgres(MigrationBuilder migration) => migration.ActiveProvider switch
    {
        "Npgsql.EntityFrameworkCore.PostgreSQL" => true,
        "Microsoft.EntityFrameworkCore.Sqlite" => false,
        _ => throw new NotSupportedException($"The audit log's guards are not written for {migration.ActiveProvider}."),
    };
}
