using Portal.Api.Security;
using Portal.Api.Tests.Access;
using Portal.Domain.Access;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Matrix;

/// <summary>How an operation must answer to somebody, as far as access goes.</summary>
internal enum Verdict
{
    Allowed,
    SignInFirst = 401,
    Forbidden = 403,
    NotThere = 404,
}

/// <summary>Who asks, and what must be answered: worked out from the declaration beside the operation, and from nothing else.</summary>
internal abstract record Caller
{
    /// <summary>All that there are, by name.</summary>
    public static IReadOnlyDictionary<string, Caller> All { get; } = ((Caller[])
    [
        new Nobody("anonymous"), new Nobody("revoked token"), new Nobody("expired token"), new Nobody("disabled user"),
        .. BuiltInRoles.All.Select(role => new Everywhere(role)),
        new Elsewhere(), new Owner(), new Named(), new OtherTeam(),
    ]).ToDictionary(caller => caller.ToString(), StringComparer.Ordinal);

    /// <summary>What must be answered.</summary>
    /// <param name="required">What the operation takes.</param>
    /// <param name="names">True for an operation on a resource that is named, false for one on a new one.</param>
    public abstract Verdict Of(RequiredPermission required, bool names);

    /// <summary>Whether it is signed in at all.</summary>
    public virtual bool IsSignedIn => true;

    /// <summary>A client that speaks for it, and its id.</summary>
    public abstract Task<(HttpClient Client, string Id)> ConnectAsync(ExampleWorld world);

    private static bool Gives(Role role, RequiredPermission required) => role.Permissions.Contains(required.Permission);

    /// <summary>Holds a role over everything.</summary>
    private sealed record Everywhere(Role Role) : Caller
    {
        public override Verdict Of(RequiredPermission required, bool names) => Gives(Role, required) ? Verdict.Allowed : Verdict.Forbidden;

        public override Task<(HttpClient Client, string Id)> ConnectAsync(ExampleWorld world) => world.PersonAsync((Role.Name, "all"));

        public override string ToString() => Role.Name;
    }

    /// <summary>Administers another host.</summary>
    private sealed record Elsewhere : Caller
    {
        public override Verdict Of(RequiredPermission required, bool names) => required.On switch
        {
            On.Portal => Verdict.Forbidden,
            On.Hosts => Verdict.Allowed,
            _ => Verdict.NotThere,
        };

        public override Task<(HttpClient Client, string Id)> ConnectAsync(ExampleWorld world) => world.PersonAsync(("Administrator", "host:elsewhere"));

        public override string ToString() => "administrator of another host";
    }

    /// <summary>Develops what is their own, wherever.</summary>
    private record Owner : Caller
    {
        public override Verdict Of(RequiredPermission required, bool names) =>
            required.On is On.Portal or On.Host || !Gives(BuiltInRoles.Developer, required) ? Verdict.Forbidden : Verdict.Allowed;

        public override async Task<(HttpClient Client, string Id)> ConnectAsync(ExampleWorld world)
        {
            var made = await world.PersonAsync(("Developer", "own@all"));
            await world.OwnAsync(new(SubjectKind.User, made.Id));
            return made;
        }

        public override string ToString() => "owner";
    }

    /// <summary>Develops these and no others.</summary>
    private sealed record Named : Owner
    {
        public override Verdict Of(RequiredPermission required, bool names) =>
            required.On is not (On.Hosts or On.PartOfHost) && !names ? Verdict.Forbidden : base.Of(required, names);

        public override Task<(HttpClient Client, string Id)> ConnectAsync(ExampleWorld world) => world.PersonAsync(
            ExampleWorld.Resources.Select(resource => ("Developer", $"resource:{resource.Kind.ToString().ToLowerInvariant()}:{resource.Id}@host:local")));

        public override string ToString() => "resource by resource";
    }

    /// <summary>Develops what is their team's, which is nothing yet.</summary>
    private sealed record OtherTeam : Owner
    {
        public override Verdict Of(RequiredPermission required, bool names) =>
            base.Of(required, names) == Verdict.Allowed && required.On is not (On.Hosts or On.PartOfHost) && names ? Verdict.NotThere : base.Of(required, names);

        public override async Task<(HttpClient Client, string Id)> ConnectAsync(ExampleWorld world)
        {
            var made = await world.PersonAsync();
            await using var db = await world.OpenAsync();
            var team = Secrets.NewId();
            db.Teams.Add(new() { Id = team, Name = team });
            db.Memberships.Add(new() { TeamId = team, UserId = made.Id });
            db.Grants.Add(new() { Id = Secrets.NewId(), SubjectKind = "team", SubjectId = team, Role = "Developer", Scope = "own@all" });
            await db.SaveChangesAsync();
            return made;
        }

        public override string ToString() => "other team";
    }

    /// <summary>Had every right, once, or never any.</summary>
    private sealed record Nobody(string How) : Caller
    {
        public override Verdict Of(RequiredPermission required, bool names) => Verdict.SignInFirst;

        public override bool IsSignedIn => false;

        public override async Task<(HttpClient Client, string Id)> ConnectAsync(ExampleWorld world)
        {
            if (How == "anonymous")
            {
                return (world.Portal.Client(), "");
            }

            var (person, id) = await world.PersonAsync(("Administrator", "all"));
            if (How == "expired token")
            {
                world.Portal.Time.Advance(TimeSpan.FromHours(1));
                return (person, "");
            }

            var made = await person.CallAsync("POST", "/me/tokens", new { name = "ci", days = 1 });
            if (How == "revoked token")
            {
                await person.CallAsync("DELETE", $"/me/tokens/{made.Body.GetProperty("token").GetProperty("id").GetString()}");
            }
            else
            {
                var (root, _) = await world.PersonAsync(("Administrator", "all"));
                await root.CallAsync("PUT", $"/users/{id}", new { name = "was", disabled = true }, "*");
                root.Dispose();
            }

            person.Dispose();
            return (world.Portal.With(made.Text("secret")), "");
        }

        public override string ToString() => How;
    }
}
