using Portal.Domain.Access;

namespace Portal.Api.Security;

/// <summary>Says which permission an operation needs. The use case behind it checks and records; this is what documents and tests read.</summary>
internal sealed record RequiredPermission(Permission Permission);

/// <summary>Says that an operation needs a signed-in caller and nothing more.</summary>
internal sealed record SignedInOnly;

internal static class RequirePermissionExtensions
{
    /// <summary>States the one permission of the operation; anonymous callers are turned away before it.</summary>
    public static TBuilder RequirePermission<TBuilder>(this TBuilder builder, Permission permission) where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization().WithMetadata(new RequiredPermission(permission));

    /// <summary>States that any signed-in caller may do this.</summary>
    public static TBuilder RequireSignIn<TBuilder>(this TBuilder builder) where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization().WithMetadata(new SignedInOnly());
}
