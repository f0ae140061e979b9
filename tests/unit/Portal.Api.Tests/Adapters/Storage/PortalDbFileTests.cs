using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Data.Sqlite;
using Portal.Api.Adapters.Storage;

namespace Portal.Api.Tests.Adapters.Storage;

public sealed class PortalDbFileTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("portal-db-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Start_Twice_KeepsWhatIsThere()
    {
        await StartAsync();
        var secret = File.ReadAllText(Path.Combine(_root, "setup-secret"));
        await StartAsync();
        Assert.Equal(secret, File.ReadAllText(Path.Combine(_root, "setup-secret")));
    }

    [Fact]
    public async Task Start_AllFiles_AreTheOwnersOnly()
    {
        await using var portal = await RunAsync();
        const UnixFileMode others = (UnixFileMode)0b111_111;
        Assert.All(Directory.EnumerateFileSystemEntries(_root, "*", SearchOption.AllDirectories), path => Assert.Equal((UnixFileMode)0, File.GetUnixFileMode(path) & others));
        Assert.True(File.Exists(Path.Combine(_root, "portal.db-wal")));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("empty")]
    [InlineData("no database")]
    [InlineData("flipped page")]
    public async Task Start_DamagedDatabase_IsRefusedAndNothingIsTouched(string damage)
    {
        await StartAsync();
        var path = Path.Combine(_root, "portal.db");
        var bytes = File.ReadAllBytes(path);
        switch (damage)
        {
            case "missing": File.Delete(path); break;
            case "empty": File.WriteAllBytes(path, []); break;
            case "no database": File.WriteAllText(path, new string('x', 8192)); break;
            default:
                bytes.AsSpan(4096, 4096).Fill(0xA5);
                File.WriteAllBytes(path, bytes);
                break;
        }

        var before = File.Exists(path) ? File.ReadAllBytes(path) : null;
        var refused = await Assert.ThrowsAsync<StartRefusedException>(StartAsync);
        Assert.Contains("backup", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.Exists(path) ? File.ReadAllBytes(path) : null);
    }

    [Fact]
    public async Task Start_DatabaseOfANewerPortal_IsRefusedAndNothingIsTouched()
    {
        await StartAsync();
        await using (var connection = new SqliteConnection($"Data Source={Path.Combine(_root, "portal.db")}"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = """INSERT INTO "__EFMigrationsHistory" VALUES ('99990101000000_Flying', '99.0.0')""";
            await command.ExecuteNonQueryAsync();
        }

        Assert.Contains("newer version of Portal", (await Assert.ThrowsAsync<StartRefusedException>(StartAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_SecondPortalOnTheSameRoot_IsRefused()
    {
        await using var first = await RunAsync();
        Assert.Contains("in use", (await Assert.ThrowsAsync<StartRefusedException>(StartAsync)).Message, StringComparison.Ordinal);
    }

    private async Task<WebApplication> RunAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.Configuration["PORTAL_DATA_ROOT"] = _root;
        builder.Configuration["PORTAL_AGENT_SOCKET"] = Path.Combine(_root, "none.sock");
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

    private async Task StartAsync()
    {
        await (await RunAsync()).DisposeAsync();
        SqliteConnection.ClearAllPools();
    }
}
