using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Portal.Api.Adapters.Storage;

/// <summary>
/// The database as a SQLite file in the data root. Checks it at start, and refuses to start rather than replacing a damaged or missing one, because an
/// empty database would open first-run setup to anybody.
/// </summary>
internal sealed class PortalDbFile(DataRoot root) : IPortalDatabase
{
    /// <summary>Its presence says that this installation has had a database.</summary>
    private const string Marker = "installed";

    /// <summary>The database file's path.</summary>
    public static string PathIn(DataRoot root) => root.File("portal.db");

    /// <summary>The connection string for that file. Commands wait for a busy database for up to 30 s.</summary>
    public static string ConnectionStringIn(DataRoot root) => new SqliteConnectionStringBuilder
    {
        DataSource = PathIn(root), ForeignKeys = true, DefaultTimeout = 30,
    }.ConnectionString;

    public void Configure(DbContextOptionsBuilder options) => options.UseSqlite(ConnectionStringIn(root));

    public async Task OpenAsync(PortalDb db, CancellationToken ct)
    {
        var path = PathIn(root);
        var installed = File.Exists(root.File(Marker));
        if (!installed && File.Exists(root.File(PortalDbServer.Marker)))
        {
            throw new StartRefusedException($"This installation keeps its data in PostgreSQL, but PORTAL_DATABASE is not set. Set it again; to start anew, move {root.Path} away.");
        }

        if (installed && !File.Exists(path))
        {
            throw new StartRefusedException($"The database {path} is missing, although this installation had one. Restore it from a backup; to start anew, move {root.Path} away.");
        }

        if (!File.Exists(path))
        {
            // SQLite gives its journal files the mode of the database file.
            DataRoot.Write(path, []);
        }

        try
        {
            if (installed)
            {
                await CheckAsync(path, ct);
            }

            await PortalSchema.UpgradeAsync(db, path, ct);
            await db.Database.ExecuteSqlRawAsync("PRAGMA journal_mode = WAL;", ct);
        }
        catch (SqliteException ex)
        {
            throw Damaged(path, ex.Message, ex);
        }

        if (!installed)
        {
            DataRoot.Write(root.File(Marker), "Do not delete: says that portal.db has been made.\n"u8);
        }
    }

    /// <summary>The lock on the data root holds as long as the process lives.</summary>
    public Task KeepAsync(CancellationToken ct) => Task.Delay(Timeout.InfiniteTimeSpan, ct);

    private async Task CheckAsync(string path, CancellationToken ct)
    {
        await using var connection = new SqliteConnection(ConnectionStringIn(root));
        await connection.OpenAsync(ct);
        await using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA quick_check(1)";
        if (await command.ExecuteScalarAsync(ct) is not "ok" and var fault)
        {
            throw Damaged(path, fault?.ToString() ?? "no answer");
        }

        // A file cut to zero bytes is a sound, empty database to SQLite.
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE name = 'users'";
        if (await command.ExecuteScalarAsync(ct) is not 1L)
        {
            throw Damaged(path, "it is empty");
        }
    }

    private static StartRefusedException Damaged(string path, string reason, Exception? inner = null) =>
        new($"The database {path} is damaged ({reason}). Nothing was changed. Restore it from a backup, together with its -wal file if there is one.", inner);
}
