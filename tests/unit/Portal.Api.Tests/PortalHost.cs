using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Api.Adapters.Hosts;
using Portal.Api.Adapters.Storage;
using Portal.Api.Security;
using Portal.Api.Tests.Postgres;
using Portal.Domain.Access;
using Portal.Domain.Hosts;
using Portal.Domain.Volumes;

namespace Portal.Api.Tests;

/// <summary>The whole control plane in memory, over its own data root and a fake engine.</summary>
public sealed class PortalHost : WebApplicationFactory<PortalOptions>
{
    public const string Password = "correct horse battery";

    public string DataRoot { get; } = Directory.CreateTempSubdirectory("portal-api-").FullName;

    /// <summary>The database on the tests' PostgreSQL server that this portal has, or none: then a file in its data root.</summary>
    internal string? ServerDatabase { get; init; } = PostgresServer.IsAskedFor ? NewServerDatabase() : null;

    /// <summary>The engine of the portal's own host; none unless a test has one.</summary>
    internal string? AgentSocket { get; init; }

    internal ShiftedTime Time { get; } = new();

    /// <summary>Settings besides; to be set before the portal starts.</summary>
    internal Dictionary<string, string> Settings { get; } = [];

    internal FakeEngine Engine { get; } = new();

    internal FakeVolumes Volumes { get; } = new();

    /// <summary>The setup secret, once the portal has started.</summary>
    internal string SetupSecret
    {
        get
        {
            _ = Services;
            return File.ReadAllText(Path.Combine(DataRoot, "setup-secret")).Trim();
        }
    }

    /// <summary>A client whose requests come over https; it keeps no cookies and follows nothing.</summary>
    internal HttpClient Client() => CreateClient(new WebApplicationFactoryClientOptions
    {
        BaseAddress = new Uri("https://localhost"), AllowAutoRedirect = false, HandleCookies = false,
    });

    /// <summary>Adds an account.</summary>
    internal async Task AddUserAsync(string name, Role role, string? host = null)
    {
        await using var db = await Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        if (await db.Users.AnyAsync(u => u.UserName == name))
        {
            return;
        }

        var user = new PortalUser { UserName = name, NormalizedUserName = name.ToUpperInvariant(), SecurityStamp = "stamp" };
        user.PasswordHash = await Services.GetRequiredService<PasswordGate>().HashAsync(user, Password, CancellationToken.None);
        db.Users.Add(user);
        db.Grants.Add(new GrantRecord { Id = Secrets.NewId(), SubjectKind = "user", SubjectId = user.Id, Role = role.Name, Scope = host is null ? "all" : $"host:{host}" });
        await db.SaveChangesAsync();
    }

    /// <summary>A client that sends a token of a new account with that role.</summary>
    internal async Task<HttpClient> SignedInAsync(Role role, string? host = null)
    {
        var name = $"{role.Name}-{host}";
        await AddUserAsync(name, role, host);
        var client = Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await TokenAsync(name));
        return client;
    }

    internal async Task<string> TokenAsync(string name)
    {
        using var client = Client();
        var answer = await client.PostAsJsonAsync("/api/v1/auth/token", new { userName = name, password = Password });
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("accessToken").GetString()!;
    }

    /// <summary>The audit log so far.</summary>
    internal async Task<List<AuditRecord>> AuditAsync()
    {
        await using var db = await Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        return await db.Audit.AsNoTracking().OrderBy(line => line.Sequence).ToListAsync();
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSetting("PORTAL_DATA_ROOT", DataRoot);
        builder.UseSetting("PORTAL_AGENT_SOCKET", AgentSocket ?? Path.Combine(DataRoot, "none.sock"));
        if (ServerDatabase is not null)
        {
            builder.UseSetting("PORTAL_DATABASE", PostgresServer.Running.Connection(ServerDatabase));
        }

        foreach (var (name, value) in Settings)
        {
            builder.UseSetting(name, value);
        }

        // What is logged at information is of nobody's interest here, and takes its time.
        builder.ConfigureLogging(logs => logs.SetMinimumLevel(LogLevel.Warning));
        builder.ConfigureTestServices(services =>
        {
            services.AddSingleton<TimeProvider>(Time);
            services.AddSingleton<IHostUpstream>(Engine);
            if (AgentSocket is null)
            {
                services.AddSingleton<IHostGateway>(Engine);
            }

            services.AddSingleton<IVolumeGateway>(Volumes);
            services.AddSingleton<IStartupFilter, RequestLine>();
            services.AddSingleton<IStartupFilter, CookieSignIn>();
            // The product's cost would be the time of the whole suite.
            services.Configure<Microsoft.AspNetCore.Identity.PasswordHasherOptions>(hasher => hasher.IterationCount = 1_000);
        });
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Clean();
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        Clean();
    }

    /// <summary>Name for a new database.</summary>
    internal static string NewServerDatabase() => $"portal-{Guid.NewGuid():N}";

    private void Clean()
    {
        if (Directory.Exists(DataRoot))
        {
            if (ServerDatabase is not null)
            {
                PostgresServer.Running.Drop(ServerDatabase);
            }

            Directory.Delete(DataRoot, recursive: true);
        }
    }
}

/// <summary>The machine's clock, moved.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    private long _ticks;

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + TimeSpan.FromTicks(Interlocked.Read(ref _ticks));
}
