using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Adapters.Storage;
using Portal.Api.Operations;
using Portal.Api.Security;
using Portal.Api.Tests.Docker;
using Portal.Api.Tests.Http;
using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Matrix;

/// <summary>A portal in which everything is that the examples of the OpenAPI document name.</summary>
internal sealed class ExampleWorld : IAsyncDisposable
{
    public static readonly ContainerId Web = ContainerId.Parse(new string('a', 64), null);

    /// <summary>Ids of the examples' image and network.</summary>
    public const string Image = "sha256:b", Network = "id-shop";

    private readonly EngineWorld? _engine;
    private readonly string _hash;
    private Subject? _owner;
    private int _people;
    private long _seen;

    private ExampleWorld(PortalHost portal, EngineWorld? engine, string hash) => (Portal, _engine, _hash) = (portal, engine, hash);

    public PortalHost Portal { get; }

    /// <summary>What owners own: the resources of the examples.</summary>
    public static IReadOnlyList<(ResourceKind Kind, string Id)> Resources { get; } =
    [
        (ResourceKind.Container, Web.Value), (ResourceKind.Volume, "data"), (ResourceKind.Volume, "data-copy"), (ResourceKind.Image, Image), (ResourceKind.Network, Network),
    ];

    /// <summary>Starts it before an engine that has the examples, or takes a portal before another one.</summary>
    public static async Task<ExampleWorld> StartAsync(PortalHost? portal = null)
    {
        EngineWorld? engine = null;
        if (portal is null)
        {
            engine = new();
            await engine.InitializeAsync();
            portal = engine.Portal;
        }

        portal.Engine.Log = [new LogLine(DateTimeOffset.UnixEpoch, true, "ready")];
        portal.Engine.Put(FakeEngine.Container(Example("GetContainer", "id"), id: Web));
        return new(portal, engine, await portal.Services.GetRequiredService<PasswordGate>().HashAsync(new(), PortalHost.Password, CancellationToken.None));
    }

    public ValueTask DisposeAsync() => _engine?.DisposeAsync() ?? Portal.DisposeAsync();

    /// <summary>Puts back whatever of the examples is gone or changed.</summary>
    /// <param name="caller">Id of whoever asks next; empty for nobody. What people do with their own is done to theirs.</param>
    public async Task PrepareAsync(string caller)
    {
        if (_engine is not null)
        {
            _engine.Clear();
            _ = _engine.Add(Example("GetContainer", "id"), id: Web);
            _engine.AddNetwork(Example("GetNetwork", "id"));
            _engine.AddVolume(Example("GetVolume", "name"));
        }

        if (_owner is { } owner)
        {
            await OwnAsync(owner);
        }

        var (user, team, grant) = (Example("GetUser", "id"), Example("GetTeam", "id"), Example("GetGrant", "id"));
        await using var db = await OpenAsync();
        await db.Users.Where(u => u.Id == user || u.UserName == "ann" || u.UserName == "bob").ExecuteDeleteAsync();
        await db.Teams.Where(t => t.Id == team || t.Name == "web" || t.Name == "shop").ExecuteDeleteAsync();
        await db.OwnRoles.ExecuteDeleteAsync();
        await db.Grants.Where(g => g.Id == grant || g.SubjectId == user).ExecuteDeleteAsync();
        await db.ApiTokens.Where(t => t.SecretHash.StartsWith("example")).ExecuteDeleteAsync();
        await db.TokenFamilies.Where(f => f.Client == "example").ExecuteDeleteAsync();
        await db.Settings.ExecuteDeleteAsync();
        await db.Registries.ExecuteDeleteAsync();
        await db.Passkeys.ExecuteDeleteAsync();
        db.Users.Add(Account(user, "ann"));
        db.Registries.Add(new() { Id = Example("GetRegistry", "id"), Name = "Theirs", NormalizedName = "THEIRS", Address = "registry.example.org", Notes = "", IsForEverybody = true });
        db.Teams.Add(new() { Id = team, Name = "web" });
        db.Memberships.Add(new() { TeamId = team, UserId = user });
        db.OwnRoles.Add(new() { Name = Example("GetRole", "name"), Permissions = "HostRead ContainerRead" });
        db.Grants.Add(new() { Id = grant, SubjectKind = "user", SubjectId = user, Role = "Viewer", Scope = "host:local" });
        Token("RevokeUserToken", "user", user);
        Token("RevokeTeamToken", "team", team);
        Session("RevokeUserSession", "session", user);
        if (caller.Length > 0)
        {
            Token("RevokeMyToken", "user", caller);
            Session("RevokeMySession", "id", caller);
            db.Passkeys.Add(new() { Id = Example("RemovePasskey", "id"), UserId = caller, Name = "Mine", CredentialId = "AA", PublicKey = [] });
        }

        await db.SaveChangesAsync();

        void Token(string operation, string kind, string owner) => db.ApiTokens.Add(new()
        {
            Id = Example(operation, "id"), Name = operation, Prefix = "prt_example", SecretHash = "example" + operation, OwnerKind = kind, OwnerId = owner, ExpiresUnix = int.MaxValue,
        });

        void Session(string operation, string parameter, string owner) => db.TokenFamilies.Add(new() { Id = Example(operation, parameter), UserId = owner, ExpiresUnix = int.MaxValue, Client = "example" });
    }

    /// <summary>A new account that has these, and a client that speaks for it.</summary>
    public async Task<(HttpClient Client, string Id)> PersonAsync(params IEnumerable<(string Role, string Scope)> grants)
    {
        await using var db = await OpenAsync();
        var user = Account(Guid.NewGuid().ToString(), $"person-{++_people}");
        db.Users.Add(user);
        db.Grants.AddRange(grants.Select(grant => new GrantRecord { Id = Secrets.NewId(), SubjectKind = "user", SubjectId = user.Id, Role = grant.Role, Scope = grant.Scope }));
        await db.SaveChangesAsync();
        return (await ClientAsync(user), user.Id);
    }

    public async Task<HttpClient> ClientAsync(PortalUser user)
    {
        var (principal, _) = await Portal.Services.GetRequiredService<RefreshTokens>().BeginAsync(PrincipalOf.User(user, "test"), "test", "test", CancellationToken.None);
        var client = Portal.Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Portal.Services.GetRequiredService<AccessTokens>().Issue(principal));
        return client;
    }

    /// <summary>The resources are somebody's, and again whenever they are put back.</summary>
    public async Task OwnAsync(Subject owner)
    {
        _owner = owner;
        foreach (var (kind, id) in Resources)
        {
            await Portal.Services.GetRequiredService<IHostAccess>().OwnAsync(FakeEngine.Local, kind, id, new HashSet<Subject> { owner }, CancellationToken.None);
        }
    }

    public Task<PortalDb> OpenAsync() => Portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();

    /// <summary>All that the portal and its engine were made to keep, but for the audit log: equal when nothing was changed.</summary>
    public async Task<string> DigestAsync()
    {
        // What is under way changes what is kept whoever asks now.
        await Task.WhenAll(Portal.Services.GetRequiredService<OperationBoard>().Runs.Select(run => run.Ended));
        var text = new StringBuilder(string.Join('\n', [.. _engine?.Requests.Where(sent => !sent.StartsWith("GET ", StringComparison.Ordinal)) ?? [], .. Portal.Volumes.Calls]));
        await using var db = await OpenAsync();
        var connection = db.Database.GetDbConnection();
        await connection.OpenAsync();
        foreach (var table in db.Model.GetEntityTypes().Select(type => type.GetTableName()).Where(table => table is not null and not "audit" and not "audit_starts").Distinct().Order())
        {
            await using var command = connection.CreateCommand();
            command.CommandText = $"SELECT * FROM \"{table}\" ORDER BY 1, 2";
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                var cells = new object[reader.FieldCount];
                reader.GetValues(cells);
                text.Append('\n').Append(table).AppendJoin('|', cells.Select(cell => cell is byte[] bytes ? Convert.ToHexString(bytes) : cell));
            }
        }

        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>What was refused, by the audit log, since this was asked last.</summary>
    public async Task<IReadOnlyList<AuditRecord>> RefusalsAsync()
    {
        await using var db = await OpenAsync();
        var lines = await db.Audit.AsNoTracking().Where(line => line.Sequence > _seen).OrderBy(line => line.Sequence).ToListAsync();
        _seen = lines.Count > 0 ? lines[^1].Sequence : _seen;
        return [.. lines.Where(line => line.Outcome is not ("ok" or "begun"))];
    }

    /// <summary>The example of a parameter.</summary>
    public static string Example(string operation, string parameter) => ApiDocument.Committed.Operations.Single(candidate => candidate.Id == operation)
        .Parameters.Single(candidate => candidate["name"]!.GetValue<string>() == parameter)["example"]!.GetValue<string>();

    private PortalUser Account(string id, string name) => new()
    {
        Id = id, UserName = name, NormalizedUserName = name.ToUpperInvariant(), SecurityStamp = "stamp", PasswordHash = _hash,
    };
}
