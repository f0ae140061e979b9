using Microsoft.AspNetCore.Authorization;
using Portal.Domain.Access;

namespace Portal.Api.Security;

/// <summary>What an operation is done to, as far as its path tells.</summary>
internal enum On
{
    /// <summary>The portal itself: people, roles, settings.</summary>
    Portal,

    /// <summary>Hosts: each caller is shown those that they reach.</summary>
    Hosts,

    /// <summary>The host in the path, as a whole.</summary>
    Host,

    /// <summary>Whatever of the host in the path the caller reaches: the answer holds that and no more.</summary>
    PartOfHost,

    /// <summary>The container in the path, or a new one on the host in the path.</summary>
    Container,

    /// <summary>The image in the path, or a new one on the host in the path.</summary>
    Image,

    /// <summary>The network in the path, or a new one on the host in the path.</summary>
    Network,

    /// <summary>The volume in the path, or a new one on the host in the path.</summary>
    Volume,
}

/// <summary>
/// What it takes to do an operation. Stated once, beside the endpoint: the front door asks it before anything of the request is read, documents and tests
/// read it. The use case behind decides on the one thing that it is done to.
/// </summary>
internal sealed record RequiredPermission(Permission Permission, On On) : IAuthorizationRequirement, IAuthorizationRequirementData
{
    public IEnumerable<IAuthorizationRequirement> GetRequirements() => [this];
}

/// <summary>The same beside a method of a hub.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NeedsAttribute(Permission permission, On on) : Attribute
{
    public RequiredPermission Required { get; } = new(permission, on);
}

/// <summary>Says that an operation needs a signed-in caller and nothing more.</summary>
internal sealed record SignedInOnly;

internal static class RequirePermissionExtensions
{
    /// <summary>States the one permission of the operation, and what it is done to.</summary>
    public static TBuilder RequirePermission<TBuilder>(this TBuilder builder, Permission permission, On on) where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization().WithMetadata(new RequiredPermission(permission, on));

    /// <summary>States that any signed-in caller may do this.</summary>
    public static TBuilder RequireSignIn<TBuilder>(this TBuilder builder) where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization().WithMetadata(new SignedInOnly());
}
