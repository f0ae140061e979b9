using System.Data.Common;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Portal.Api.Adapters.Storage;

/// <summary>
/// The database on a PostgreSQL server. Much of the portal relies on being the only one that writes (the access model is changed under one lock, hosts'
/// groups and owners are kept in memory), so it holds an advisory lock in the database as long as it lives.
/// </summary>
internal sealed class PortalDbServer : IPortalDatabase, IAsyncDisposable
{
    /// <summary>A file in the data root that says that this installation has had a database on a server.</summary>
    public const string Marker = "installed-server";

    private const int OldestServer = 13;
    private const long Lock = 0x506F7274616C;
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(2), s_handover = TimeSpan.FromSeconds(5), s_patience = TimeSpan.FromSeconds(30);

    private readonly DataRoot _root;
    private readonly TimeProvider _time;
    private readonly ILogger<PortalDbServer> _log;
    private readonly NpgsqlConnectionStringBuilder _settings;
    private readonly string _name;
    private NpgsqlConnection? _held;

    public PortalDbServer(string connectionString, DataRoot root, TimeProvider time, ILogger<PortalDbServer> log)
    {
        (_root, _time, _log, _settings) = (root, time, log, Settings(connectionString));
        _name = $"{_settings.Database} on {_settings.Host}";
    }

    /// <summary>True for a connection string that names a server, a database and a user.</summary>
    public static bool CanRead(string connectionString)
    {
        try
        {
            return Settings(connectionString) is { Host.Length: > 0, Database.Length: > 0, Username.Length: > 0 };
        }
        catch (Exception ex) when (ex is ArgumentException or FormatException or InvalidCastException or KeyNotFoundException)
        {
            return false;
        }
    }

    /// <summary>The settings with what the administrator left open: over a network the server must prove who it is, and messages do not hold rows.</summary>
    internal static NpgsqlConnectionStringBuilder Settings(string connectionString)
    {
        var given = new DbConnectionStringBuilder { ConnectionString = connectionString };
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { IncludeErrorDetail = false, PersistSecurityInfo = false };
        settings.ApplicationName ??= "portal";
        var saysTls = given.Keys.Cast<string>().Any(key => key.Replace(" ", "", StringComparison.Ordinal).Equals("sslmode", StringComparison.OrdinalIgnoreCase));
        if (!saysTls && settings.Host?.Split(',').All(IsLocal) == false)
        {
            settings.SslMode = SslMode.VerifyFull;
        }

        return settings;
    }

    public void Configure(DbContextOptionsBuilder options) => options
        .UseNpgsql(_settings.ConnectionString, server => server.ExecutionStrategy(dependencies => new NonRetryingExecutionStrategy(dependencies)))
        .AddInterceptors(new StorableText())

        // The snapshot was taken with SQLite, whose columns have no identities; a test compares what the migrations make with the model.
        .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning));

    public async Task OpenAsync(PortalDb db, CancellationToken ct)
    {
        var installed = File.Exists(_root.File(Marker));
        try
        {
            await TakeAsync(db, installed, ct);
            if (_held!.PostgreSqlVersion.Major < OldestServer)
            {
                throw new StartRefusedException($"The PostgreSQL server {_settings.Host} has version {_held.PostgreSqlVersion}; Portal needs {OldestServer} or newer.");
            }

            if (installed && !await HasUsersAsync(ct))
            {
                throw new StartRefusedException($"The database {_name} is empty, although this installation had one. Restore it from a backup; to start anew, move {_root.Path} away.");
            }

            await PortalSchema.UpgradeAsync(db, _name, ct);
        }
        catch (Exception ex) when (ex is NpgsqlException or SocketException or TimeoutException)
        {
            throw Refused(ex);
        }

        if (!installed)
        {
            DataRoot.Write(_root.File(Marker), "Do not delete: says that PORTAL_DATABASE has been used.\n"u8);
        }
    }

    /// <summary>A server that was away takes the lock with it: takes it again, unless another portal was faster.</summary>
    public async Task KeepAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(s_look, _time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            try
            {
                await using var look = new NpgsqlCommand("SELECT 1", _held);
                await look.ExecuteScalarAsync(ct);
            }
            catch (Exception ex) when (ex is NpgsqlException or InvalidOperationException or TimeoutException && !ct.IsCancellationRequested)
            {
                if (await IsTakenAsync(ct))
                {
                    _log.DatabaseTaken(_name);
                    return;
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_held is { } held)
        {
            await held.DisposeAsync();
        }
    }

    private async Task<bool> IsTakenAsync(CancellationToken ct)
    {
        try
        {
            await ConnectAsync(ct);
            return !await LockAsync(ct);
        }
        catch (Exception ex) when (ex is NpgsqlException or SocketException or TimeoutException)
        {
            // Still away.
            return false;
        }
    }

    private async Task TakeAsync(PortalDb db, bool installed, CancellationToken ct)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            try
            {
                await ConnectAsync(ct);
                break;
            }
            catch (PostgresException ex) when (ex.SqlState == PostgresErrorCodes.InvalidCatalogName && !installed)
            {
                await db.GetService<IRelationalDatabaseCreator>().CreateAsync(ct);
            }
            catch (Exception ex) when (DatabaseFaults.IsAway(ex) && _time.GetElapsedTime(started) < s_patience)
            {
                // A machine that starts has its servers up in whatever order.
                _log.DatabaseAwaited(_name, DatabaseFaults.Sentence(ex));
                await Task.Delay(TimeSpan.FromSeconds(1), _time, ct);
            }
        }

        // A portal that has just ended may not be gone for the server yet.
        started = _time.GetTimestamp();
        while (!await LockAsync(ct))
        {
            if (_time.GetElapsedTime(started) > s_handover)
            {
                throw new StartRefusedException($"The database {_name} is in use by another portal process. Stop that one first.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), _time, ct);
        }
    }

    private async Task ConnectAsync(CancellationToken ct)
    {
        if (_held is { } before)
        {
            await before.DisposeAsync();
        }

        // A connection of its own; the server finds out within half a minute when this machine is gone.
        _held = new(new NpgsqlConnectionStringBuilder(_settings.ConnectionString)
        {
            Pooling = false, Options = $"{_settings.Options} -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3".Trim(), CommandTimeout = 5, Timeout = 5,
        }.ConnectionString);
        await _held.OpenAsync(ct);
    }

    private async Task<bool> LockAsync(CancellationToken ct)
    {
        await using var ask = new NpgsqlCommand($"SELECT pg_try_advisory_lock({Lock})", _held);
        return await ask.ExecuteScalarAsync(ct) is true;
    }

    private async Task<bool> HasUsersAsync(CancellationToken ct)
    {
        await using var ask = new NpgsqlCommand("SELECT to_regclass('users') IS NOT NULL", _held);
        return await ask.ExecuteScalarAsync(ct) is true;
    }

    private StartRefusedException Refused(Exception exception) => new(exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } refused =>
            $"The PostgreSQL server {_settings.Host} does not let {_settings.Username} in: {refused.MessageText}. Check Username and Password in PORTAL_DATABASE, and the server's pg_hba.conf.",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => $"The PostgreSQL server {_settings.Host} has no database {_settings.Database}, although this installation had one. Restore it from a backup; to start anew, move {_root.Path} away.",
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } refused =>
            $"PostgreSQL's user {_settings.Username} may not make what the portal needs in {_name}: {refused.MessageText}. Make the user the owner of a database: CREATE DATABASE {_settings.Database} OWNER {_settings.Username}.",
        PostgresException other => $"The PostgreSQL server {_settings.Host} refused what the portal needs in {_settings.Database}: {other.MessageText} ({other.SqlState}).",
        { InnerException: AuthenticationException } or NpgsqlException { InnerException: null, Message: "SSL connection requested. No SSL enabled connection from this host is configured." } =>
            $"The PostgreSQL server {_settings.Host} cannot be trusted: {DatabaseFaults.Sentence(exception)} Give it a certificate for that name, name its authority by Root Certificate in PORTAL_DATABASE, or choose another SSL Mode there.",
        _ => $"The PostgreSQL server {_settings.Host} cannot be reached: {DatabaseFaults.Sentence(exception)} Check that it runs, and Host and Port in PORTAL_DATABASE.",
    }, exception);

    /// <summary>True for a unix socket or an address of this machine.</summary>
    private static bool IsLocal(string host) => host.Trim() is var name && (name.StartsWith('/') || name.StartsWith('@')
        || name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || name.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase)
        || (IPEndPoint.TryParse(name, out var address) && IPAddress.IsLoopback(address.Address)));
}
