using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Portal.Api.Http;
using Portal.Domain.Access;
using Portal.Domain.Audit;
using Portal.Domain.Primitives;

namespace Portal.Api.Security;

/// <summary>
/// Turns away, before anything of a request is read, whoever could not do what it asks for to anything there: a host that its caller sees nothing of does
/// not exist for them, and who holds the permission on nothing of it is told so. A malformed request tells nobody more than a well-formed one would.
/// </summary>
internal sealed class FrontDoor(Targets targets, IAccessPolicy access, IAccessTargets facts)
{
    /// <summary>Why the caller is turned away, or null.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="required">What the operation takes.</param>
    /// <param name="host">The host that it names; null for none.</param>
    public Error? Refusal(Actor actor, RequiredPermission required, string? host)
    {
        if (required.On is On.Portal)
        {
            return access.Check(actor, required.Permission, AccessTarget.Portal);
        }

        if (required.On is On.Hosts || host is null)
        {
            return access.HoldsAnywhere(actor, required.Permission) ? null : access.Check(actor, required.Permission, AccessTarget.Portal);
        }

        if (targets.Host(actor, host).Error is { } unknown)
        {
            return unknown;
        }

        var target = facts.Host(new HostId(host));
        return required.On is not On.Host && access.Reaches(actor, required.Permission, target) ? null : access.Check(actor, required.Permission, target);
    }
}

/// <summary>The front door of HTTP.</summary>
internal sealed class PermissionRequirement(CurrentActor caller, FrontDoor door) : AuthorizationHandler<RequiredPermission>
{
    protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, RequiredPermission requirement)
    {
        var http = (HttpContext)context.Resource!;
        if (door.Refusal(await caller.GetAsync(http.RequestAborted), requirement, http.GetRouteValue("host") as string ?? "") is { } error)
        {
            context.Fail(new TurnedAway(this, error));
        }
        else
        {
            context.Succeed(requirement);
        }
    }
}

/// <summary>Why somebody was turned away.</summary>
internal sealed class TurnedAway(IAuthorizationHandler by, Error error) : AuthorizationFailureReason(by, error.Message)
{
    public Error Error => error;
}

/// <summary>Writes down who was turned away, and answers with the reason.</summary>
internal sealed class TurnedAwayAnswer(IAuditLog audit) : IAuthorizationMiddlewareResultHandler
{
    private readonly AuthorizationMiddlewareResultHandler _others = new();

    public async Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (!authorizeResult.Forbidden || authorizeResult.AuthorizationFailure?.FailureReasons.OfType<TurnedAway>().FirstOrDefault() is not { Error: var error })
        {
            await _others.HandleAsync(next, context, policy, authorizeResult);
            return;
        }

        var caller = await context.RequestServices.GetRequiredService<CurrentActor>().GetAsync(context.RequestAborted);
        var operation = context.GetEndpoint()?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? "";
        await audit.RecordAsync(caller, operation, Printable.Of(string.Join('/', context.Request.RouteValues.Values)), error, context.RequestAborted);
        await error.ToProblem().ExecuteAsync(context);
    }
}
