using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Adapters.Storage;
using Portal.Api.Docker;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Model;
using Portal.Domain.Audit;
using Portal.Domain.Primitives;
using Portal.Domain.Registries;

namespace Portal.Api.Registries;

/// <summary>Registries, the portal's credentials for them, and who may use those.</summary>
internal static class RegistryEndpoints
{
    public static void MapRegistries(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/registries").WithTags("Registries");
        group.MapGet("", ListAsync).WithName("ListRegistries").RequirePermission(Permission.RegistryRead, On.Hosts);
        group.MapPost("", CreateAsync).WithName("CreateRegistry").RequirePermission(Permission.RegistryManage, On.Portal).ProducesProblems(404, 409, 503);
        group.MapGet("/{id}", GetAsync).WithName("GetRegistry").RequirePermission(Permission.RegistryRead, On.Hosts).ProducesProblems(404);
        group.MapPut("/{id}", UpdateAsync).WithName("UpdateRegistry").RequirePermission(Permission.RegistryManage, On.Portal).ProducesProblems(404, 409, 412, 428, 503);
        group.MapDelete("/{id}", RemoveAsync).WithName("RemoveRegistry").RequirePermission(Permission.RegistryManage, On.Portal).ProducesProblems(404, 412, 503);
        group.MapPost("/{id}/check", CheckAsync).WithName("CheckRegistry").RequirePermission(Permission.RegistryManage, On.Portal).ProducesProblems(404, 409, 503);
    }

    /// <summary>
    /// Lists registries by name. Whoever may read registries on some host only is shown those that they may use.
    /// </summary>
    /// <param name="filter">Only those whose name or address contains this, in whatever case.</param>
    /// <param name="page">Which page; the first is 1.</param>
    /// <param name="pageSize">How many items a page has, 1 to 500.</param>
    internal static async Task<Results<Ok<Page<RegistryItem>>, Problem>> ListAsync(
        CurrentActor caller, RegistryStore store, IAccessPolicy access, CancellationToken ct,
        [MaxLength(Paging.LongestFilter)] string? filter = null, [Range(1, int.MaxValue)] int page = 1, [Range(1, Paging.Largest)] int pageSize = Paging.Usual)
    {
        var (actor, all) = await ReaderAsync(caller, access, ct);
        var part = filter ?? "";
        return TypedResults.Ok((await store.ListAsync(ct))
            .Where(registry => (all || registry.IsFor(actor, manages: false))
                && (registry.Name.Contains(part, StringComparison.OrdinalIgnoreCase) || registry.Address.Contains(part, StringComparison.OrdinalIgnoreCase)))
            .ToArray().Page(page, pageSize, RegistryItem.From));
    }

    /// <summary>Gets one registry. Its ETag is wanted when you change it.</summary>
    /// <param name="id" example="7c1e0f5a2b9d4c3e8f60718293a4b5c6">The registry's id.</param>
    internal static async Task<Results<Ok<RegistryItem>, Problem>> GetAsync(
        string id, HttpContext http, CurrentActor caller, RegistryStore store, IAccessPolicy access, CancellationToken ct)
    {
        var (actor, all) = await ReaderAsync(caller, access, ct);
        var found = await store.FindAsync(id, ct);
        return Shown(http, found.IsSuccess && !all && !found.Value.IsFor(actor, manages: false) ? AccessModel.Unknown("registry", id) : found);
    }

    /// <summary>Makes a registry known, with the portal's credentials for it. Takes an <c>Idempotency-Key</c>.</summary>
    internal static async Task<Results<Created<RegistryItem>, Problem>> CreateAsync(
        RegistryRequest request, HttpContext http, CurrentActor caller, PortalGate gate, RegistryStore store, Idempotency once, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var made = await once.OnceAsync(http, actor, Permission.RegistryManage, request, async () =>
        {
            var wanted = Read(Secrets.NewId(), request);
            var done = await gate.RunAsync(
                Permission.RegistryManage, "CreateRegistry", Printable.Of(request.Name, 64),
                async _ => wanted.Error is { } unusable ? unusable : wanted.Value.HasSecret && Secret(request) is null ? s_noSecret : await store.AddAsync(wanted.Value, Secret(request), ct),
                ct, registry => new("", registry.Words()));
            return done.Error is { } error ? error : done.Value.Id;
        }, ct);
        var found = made.Error is { } failed ? failed : await store.FindAsync(made.Value, ct);
        if (found.Error is { } missing)
        {
            return missing.ToProblem();
        }

        http.Response.SetETag(found.Value.Version);
        return TypedResults.Created($"/api/v1/registries/{found.Value.Id}", RegistryItem.From(found.Value));
    }

    /// <summary>
    /// Changes a registry. With the user name alone the password or token that is kept stays; a new user name or address wants it anew. Without all three the
    /// portal signs in as nobody and forgets what it kept.
    /// </summary>
    /// <param name="id" example="7c1e0f5a2b9d4c3e8f60718293a4b5c6">The registry's id.</param>
    internal static async Task<Results<Ok<RegistryItem>, Problem>> UpdateAsync(string id, RegistryRequest request, HttpContext http, PortalGate gate, RegistryStore store, CancellationToken ct)
    {
        var expected = http.Request.Expected();
        if (expected.Error is { } unsaid)
        {
            return unsaid.ToProblem();
        }

        var wanted = Read(id, request);
        var done = await gate.RunAsync(
            Permission.RegistryManage, "UpdateRegistry", Printable.Of(id, 64),
            async _ => wanted.Error is { } unusable ? unusable : await store.ChangeAsync(wanted.Value, expected.Value, Secret(request), ct),
            ct, change => new AuditChange(change.Before.Words(), change.After.Words() + (Secret(request) is null ? "" : ", with a new secret")));
        return Shown(http, done.Error is { } error ? error : done.Value.After);
    }

    /// <summary>Forgets a registry and the portal's credentials for it.</summary>
    /// <param name="id" example="7c1e0f5a2b9d4c3e8f60718293a4b5c6">The registry's id.</param>
    internal static async Task<Results<NoContent, Problem>> RemoveAsync(string id, HttpContext http, PortalGate gate, RegistryStore store, CancellationToken ct)
    {
        var done = await gate.RunAsync(
            Permission.RegistryManage, "RemoveRegistry", Printable.Of(id, 64), _ => store.RemoveAsync(id, http.Request.Optional().Value, ct), ct, registry => new(registry.Words(), ""));
        return done.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    /// <summary>Signs in to a registry through a host's engine, to see whether its credentials are right and the host reaches it.</summary>
    /// <param name="id" example="7c1e0f5a2b9d4c3e8f60718293a4b5c6">The registry's id.</param>
    /// <param name="host" example="local">The host that tries, for instance <c>local</c>.</param>
    internal static async Task<Results<Ok<RegistryCheck>, Problem>> CheckAsync(
        string id, string host, PortalGate gate, RegistryStore store, EngineRegistries engines, Targets targets, CancellationToken ct)
    {
        var caller = await gate.ReadAsync(Permission.RegistryManage, "CheckRegistry", ct);
        if (caller.Error is { } denied)
        {
            return denied.ToProblem();
        }

        var registry = await store.FindAsync(id, ct);
        if ((registry.Error ?? targets.Host(caller.Value, host).Error) is { } missing)
        {
            return missing.ToProblem();
        }

        if (await store.SecretAsync(id, ct) is not { } secret)
        {
            return new Error(ErrorKind.Conflict, "registry.anonymous", "The portal has no credentials for this registry, or cannot read them. Set them first.").ToProblem();
        }

        var answer = await engines.SignInAsync(caller.Value, new(host), registry.Value, secret, ct);
        return answer.Error is { } error ? error.ToProblem() : TypedResults.Ok(new RegistryCheck(answer.Value.Succeeded, answer.Value.Message));
    }

    private static readonly Error s_noSecret = new(ErrorKind.Invalid, "registry.secret", "Give a password or a token with the user name, or none of them.");

    /// <summary>Who reads, and whether all of them: by a right over the portal. Who has it over a part of the hosts is shown what is theirs to use there.</summary>
    private static async Task<(Actor Actor, bool All)> ReaderAsync(CurrentActor caller, IAccessPolicy access, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        return (actor, access.Check(actor, Permission.RegistryRead, AccessTarget.Portal) is null);
    }

    private static Result<Registry> Read(string id, RegistryRequest request)
    {
        var address = RegistryAddress.Read(request.Address);
        if ((AccessName.Check("registry", request.Name) ?? address.Error) is { } unusable)
        {
            return unusable;
        }

        var userName = request.UserName is { Length: > 0 } given ? given : null;
        if (request.Password is { Length: > 0 } && (userName is null || request.Token is { Length: > 0 }))
        {
            return new Error(ErrorKind.Invalid, "registry.secret", "A password wants a user name, and no token beside it.");
        }

        return $"{userName}{request.Password}{request.Token}".Any(char.IsControl) || userName?.Contains(':', StringComparison.Ordinal) == true
            ? new Error(ErrorKind.Invalid, "registry.secret", "A user name has no colon, and neither it nor a password or token has control characters.")
            : new Registry(id, request.Name, address.Value)
            {
                UserName = userName, HasSecret = userName is not null || Secret(request) is not null, Notes = request.Notes ?? "", Teams = [.. request.Teams ?? []], IsForEverybody = request.ForEverybody,
            };
    }

    private static RegistrySecret? Secret(RegistryRequest request) => request switch
    {
        { Token: { Length: > 0 } token } => new(null, token),
        { Password: { Length: > 0 } password } => new(password, null),
        _ => null,
    };

    private static Results<Ok<RegistryItem>, Problem> Shown(HttpContext http, Result<Registry> registry)
    {
        if (registry.Error is { } error)
        {
            return error.ToProblem();
        }

        http.Response.SetETag(registry.Value.Version);
        return TypedResults.Ok(RegistryItem.From(registry.Value));
    }
}
