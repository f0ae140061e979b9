using Microsoft.EntityFrameworkCore;

namespace Portal.Api.Adapters.Storage;

/// <summary>Where the control plane's database is: a file in the data root, or a server. One portal at a time has it.</summary>
internal interface IPortalDatabase
{
    /// <summary>How to connect.</summary>
    void Configure(DbContextOptionsBuilder options);

    /// <summary>Takes it for this process and brings it to the newest schema; a <see cref="StartRefusedException"/> says in a sentence why it cannot be.</summary>
    Task OpenAsync(PortalDb db, CancellationToken ct);

    /// <summary>Keeps it for this process; ends when another one has it.</summary>
    Task KeepAsync(CancellationToken ct);
}

/// <summary>Opens the database before anything else starts, and stops the portal when it is no longer its own.</summary>
internal sealed class DatabaseOpening(IPortalDatabase database, IDbContextFactory<PortalDb> databases, IHostApplicationLifetime lifetime) : BackgroundService, IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await database.OpenAsync(db, cancellationToken);
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await database.KeepAsync(stoppingToken);
        lifetime.StopApplication();
    }
}

/// <summary>The schema, the same on every database.</summary>
internal static class PortalSchema
{
    /// <summary>Brings the database to the newest schema. One of a newer portal is refused: this one would not know what it must keep.</summary>
    public static async Task UpgradeAsync(PortalDb db, string name, CancellationToken ct)
    {
        var unknown = (await db.Database.GetAppliedMigrationsAsync(ct)).Except(db.Database.GetMigrations()).ToArray();
        if (unknown.Length > 0)
        {
            throw new StartRefusedException(
                $"The database {name} was used by a newer version of Portal, which made {unknown[^1]} in it. Nothing was changed. Install that version, or restore a backup from before it.");
        }

        await db.Database.MigrateAsync(ct);
    }
}
