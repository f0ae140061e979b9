using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Api.Adapters.Storage;
using Portal.Api.Tests.Access;
using Portal.Domain.Access;
using Portal.Domain.Audit;

namespace Portal.Api.Tests.Postgres;

public sealed class PortalDbServerTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("portal-server-").FullName;
    private TimeProvider _time = TimeProvider.System;
    private readonly string _database = PortalHost.NewServerDatabase();

    public void Dispose()
    {
        Directory.Delete(_root, recursive: true);
        PostgresServer.Running.Drop(_database);
    }

    public PortalDbServerTests() => PostgresServer.OrSkip();

    private static PostgresServer Server => PostgresServer.Running;

    [Fact]
    public async Task Portal_OnPostgres_HoldsPeopleGrantsAndTheAuditLog()
    {
        await using var portal = new PortalHost { ServerDatabase = PortalHost.NewServerDatabase() };
        using var anybody = portal.Client();
        Assert.Equal(HttpStatusCode.NoContent, (await anybody.CallAsync("POST", "/setup", new { secret = portal.SetupSecret, userName = "root", password = PortalHost.Password })).Status);
        using var root = portal.With(await portal.TokenAsync("root"));

        // Names are the same in whatever case, and a key makes one thing.
        var ann = await root.CallAsync("POST", "/users", new { name = "Ann", password = PortalHost.Password }, key: "k");
        Assert.Equal(ann.Id, (await root.CallAsync("POST", "/users", new { name = "Ann", password = PortalHost.Password }, key: "k")).Id);
        Assert.Equal(HttpStatusCode.Conflict, (await root.CallAsync("POST", "/users", new { name = "aNN", password = PortalHost.Password })).Status);
        var team = await root.CallAsync("POST", "/teams", new { name = "platform" });
        Assert.Equal(HttpStatusCode.OK, (await root.CallAsync("PUT", $"/teams/{team.Id}/members/{ann.Id}")).Status);
        Assert.Equal(HttpStatusCode.Created, (await root.CallAsync("POST", "/grants", new { subjectKind = "team", subjectId = team.Id, role = "Auditor", scope = "all" })).Status);

        // What PostgreSQL does not store comes in all the same.
        using var auditor = portal.With(await portal.TokenAsync("ann"));
        Assert.Equal(HttpStatusCode.OK, (await auditor.CallAsync("GET", "/audit?target=%00&actor=%00")).Status);
        await portal.Services.GetRequiredService<IAuditLog>().RecordAsync(new Actor("1", "a\0\ud83d", []), "StopContainer", new string('x', 1023) + "🐳", null, default);

        portal.Time.Advance(TimeSpan.FromDays(10));
        using var later = portal.With(await portal.TokenAsync("ann"));
        var trail = portal.Services.GetRequiredService<AuditTrail>();
        Assert.True(await trail.TrimAsync(TimeSpan.FromDays(5), default) > 5);
        Assert.Equal(System.Text.Json.JsonValueKind.Null, (await later.CallAsync("GET", "/audit/verify")).Body.GetProperty("firstFault").ValueKind);
        foreach (var statement in (string[])["TRUNCATE audit", "TRUNCATE audit_starts", "DELETE FROM audit", "UPDATE audit SET \"ActorName\" = 'eve'", "DELETE FROM audit_starts", "UPDATE audit_starts SET \"Hash\" = ''"])
        {
            Assert.Equal(PostgresErrorCodes.RestrictViolation, (await Assert.ThrowsAsync<PostgresException>(() => Server.RunAsync(statement, portal.ServerDatabase!))).SqlState);
        }

        Assert.False(File.Exists(Path.Combine(portal.DataRoot, "portal.db")));
    }

    [Fact]
    public async Task Start_Twice_KeepsWhatIsThere()
    {
        await StartAsync(Server.Connection(_database));
        var secret = await File.ReadAllTextAsync(Path.Combine(_root, "setup-secret"));
        await StartAsync(Server.Connection(_database));
        Assert.Equal(secret, await File.ReadAllTextAsync(Path.Combine(_root, "setup-secret")));
    }

    [Fact]
    public async Task Start_ByAFileThatHoldsTheConnectionString_Works()
    {
        var file = Path.Combine(_root, "database");
        await File.WriteAllTextAsync(file, Server.Connection(_database) + "\n");
        await StartAsync(file, "PORTAL_DATABASE_FILE");
        Assert.True(File.Exists(Path.Combine(_root, PortalDbServer.Marker)));
    }

    [Theory]
    [InlineData("Host=127.0.0.1;Port=1")]
    [InlineData("Host=none.invalid")]
    [InlineData("Host=/none/such")]
    public async Task Start_ServerAway_IsOneSentence(string where)
    {
        _time = new HastyTime();
        await RefusedAsync(where + ";Database=portal;Username=portal;Password=hush", "cannot be reached");
    }

    [Fact]
    public async Task Start_WrongPassword_IsOneSentence() => await RefusedAsync(Server.Connection(_database, "hush"), "does not let portal in");

    [Fact]
    public async Task Start_ServerWithoutTls_IsOneSentence() => await RefusedAsync(Server.Connection(_database) + ";SSL Mode=Require", "cannot be trusted");

    [Fact]
    public async Task Start_UserWithoutRights_IsOneSentence()
    {
        var guest = "g" + Guid.NewGuid().ToString("N");
        await Server.RunAsync($"CREATE ROLE {guest} LOGIN PASSWORD 'hush'");
        var text = new NpgsqlConnectionStringBuilder(Server.Connection(_database, "hush")) { Username = guest }.ConnectionString;
        await RefusedAsync(text, "CREATE DATABASE");
        await Server.RunAsync($"CREATE DATABASE \"{_database}\"");
        await RefusedAsync(text, "permission denied for schema public");

        // Its owner needs no more than that.
        await Server.RunAsync($"ALTER DATABASE \"{_database}\" OWNER TO {guest}");
        await StartAsync(text);
    }

    [Fact]
    public async Task Start_DatabaseOfANewerPortal_IsRefusedAndNothingIsTouched()
    {
        await StartAsync(Server.Connection(_database));
        await Server.RunAsync("""INSERT INTO "__EFMigrationsHistory" VALUES ('99990101000000_Flying', '99.0.0')""", _database);
        await RefusedAsync(Server.Connection(_database), "newer version of Portal");
    }

    [Fact]
    public async Task Start_SecondPortalOnTheDatabase_IsRefused()
    {
        var other = Directory.CreateTempSubdirectory("portal-server-").FullName;
        await using var first = await RunAsync(Server.Connection(_database), root: other);
        await RefusedAsync(Server.Connection(_database), "in use by another portal");
        Directory.Delete(other, recursive: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_DatabaseGone_IsRefused(bool wholly)
    {
        await StartAsync(Server.Connection(_database));
        Server.Drop(_database);
        if (!wholly)
        {
            await Server.RunAsync($"CREATE DATABASE \"{_database}\"");
        }

        await RefusedAsync(Server.Connection(_database), "Restore it from a backup");
    }

    [Fact]
    public async Task Start_WithoutTheSettingThatWas_IsRefused()
    {
        await StartAsync(Server.Connection(_database));
        await RefusedAsync("", "PORTAL_DATABASE is not set");
        Assert.False(File.Exists(Path.Combine(_root, "portal.db")));
    }

    [Fact]
    public async Task Request_WhileTheServerIsAway_IsAnswered503_AndWorksAgainAfter()
    {
        var server = PostgresServer.Another();
        try
        {
            await using var portal = new PortalHost { ServerDatabase = null, Settings = { ["PORTAL_DATABASE"] = server.Connection("portal") } };
            using var root = await portal.SignedInAsync(BuiltInRoles.Administrator);
            server.Stop();
            for (var i = 0; i < 3; i++)
            {
                var away = await root.CallAsync("GET", "/users");
                Assert.Equal((HttpStatusCode.ServiceUnavailable, "database.unavailable"), (away.Status, away.Code));
            }

            server.StartAgain();
            Assert.Equal(HttpStatusCode.OK, (await root.CallAsync("GET", "/users")).Status);

            // It holds the database again: the server waits, for as long as it takes the portal to look.
            await server.RunAsync("DO $$ BEGIN FOR i IN 1..300 LOOP EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory'); PERFORM pg_sleep(0.1); END LOOP; END $$");
            await RefusedAsync(server.Connection("portal"), "in use by another portal");
        }
        finally
        {
            server.Remove();
        }
    }

    [Theory]
    [InlineData("Host=db.example.com;Database=portal;Username=portal", SslMode.VerifyFull)]
    [InlineData("Host=10.0.0.1;Database=portal;Username=portal", SslMode.VerifyFull)]
    [InlineData("Host=localhost,db2;Database=portal;Username=portal", SslMode.VerifyFull)]
    [InlineData("Host=db.example.com;Database=portal;Username=portal;SSL Mode=Require", SslMode.Require)]
    [InlineData("Host=db.example.com;Database=portal;Username=portal;sslmode=disable", SslMode.Disable)]
    [InlineData("Host=127.0.0.1;Database=portal;Username=portal", SslMode.Prefer)]
    [InlineData("Host=/run/postgresql;Database=portal;Username=portal", SslMode.Prefer)]
    public void Settings_OverANetwork_WantTheServersProof(string text, SslMode mode) => Assert.Equal(mode, PortalDbServer.Settings(text).SslMode);

    private async Task RefusedAsync(string connection, string part)
    {
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => StartAsync(connection));
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    private async Task StartAsync(string connection, string setting = "PORTAL_DATABASE") => await (await RunAsync(connection, setting)).DisposeAsync();

    private async Task<WebApplication> RunAsync(string connection, string setting = "PORTAL_DATABASE", string? root = null)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.Services.AddSingleton(_time);
        builder.Configuration["PORTAL_DATA_ROOT"] = root ?? _root;
        builder.Configuration["PORTAL_AGENT_SOCKET"] = Path.Combine(_root, "none.sock");
        builder.Configuration[setting] = connection;
        var app = builder.AddPortalApi().Build();
        try
        {
            app.MapPortalApi();
            await app.StartAsync();
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Who waits has waited.</summary>
    private sealed class HastyTime : TimeProvider
    {
        private long _passed;

        public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _passed);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Add(ref _passed, dueTime > TimeSpan.Zero ? (long)(dueTime.TotalSeconds * TimestampFrequency) : 0);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
