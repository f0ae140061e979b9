using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Portal.Api.Adapters.Storage;
using Portal.Api.Http;
using Portal.Domain.Access.Users;

namespace Portal.Api.Security;

/// <summary>Sets up the two ways to be signed in, and deny by default.</summary>
internal static class Authentication
{
    public static IServiceCollection AddPortalAuthentication(this IServiceCollection services)
    {
        services.AddAuthentication(PortalSchemes.Any)
            .AddPolicyScheme(PortalSchemes.Any, null, scheme => scheme.ForwardDefaultSelector = context => Scheme(context.Request))
            .AddCookie(PortalSchemes.Cookie)
            .AddScheme<AuthenticationSchemeOptions, ApiTokenSignIn>(PortalSchemes.ApiToken, null)
            .AddScheme<AuthenticationSchemeOptions, TicketSignIn>(PortalSchemes.Ticket, null)
            .AddJwtBearer(PortalSchemes.Bearer, bearer =>
            {
                bearer.MapInboundClaims = false;
                bearer.IncludeErrorDetails = false;
                bearer.Events = new JwtBearerEvents
                {
                    OnTokenValidated = async context =>
                    {
                        if (!await IsKnownAsync(context.HttpContext, context.Principal!))
                        {
                            context.Fail("revoked");
                        }
                    },
                    OnChallenge = context =>
                    {
                        context.HandleResponse();
                        return RefuseAsync(context.HttpContext);
                    },
                    OnForbidden = context => ErrorProblems.Forbidden().ExecuteAsync(context.HttpContext),
                };
            });
        services.AddOptions<CookieAuthenticationOptions>(PortalSchemes.Cookie).Configure<SessionStore>(ConfigureCookie);
        services.AddOptions<JwtBearerOptions>(PortalSchemes.Bearer).Configure<AccessTokens>((bearer, tokens) => bearer.TokenValidationParameters = tokens.Rules());
        services.AddSingleton<FrontDoor>();
        services.AddScoped<IAuthorizationHandler, PermissionRequirement>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, TurnedAwayAnswer>();
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        return services;
    }

    private static string Scheme(HttpRequest request) => request.Headers.Authorization.ToString() switch
    {
        var header when header.StartsWith(ApiTokenSignIn.Prefix, StringComparison.OrdinalIgnoreCase) => PortalSchemes.ApiToken,
        { Length: > 0 } => PortalSchemes.Bearer,
        _ => request.Headers.Authorization.Count > 0 ? PortalSchemes.Bearer : Tickets.IsIn(request) ? PortalSchemes.Ticket : PortalSchemes.Cookie,
    };

    private static void ConfigureCookie(CookieAuthenticationOptions cookie, SessionStore sessions)
    {
        cookie.Cookie.Name = "__Host-portal";
        cookie.Cookie.Path = "/";
        cookie.Cookie.HttpOnly = true;
        cookie.Cookie.SecurePolicy = CookieSecurePolicy.Always;
        cookie.Cookie.SameSite = SameSiteMode.Strict;
        cookie.ExpireTimeSpan = CookieSession.Idle;
        cookie.SlidingExpiration = true;
        cookie.SessionStore = sessions;
        cookie.LoginPath = "/signin";
        cookie.ReturnUrlParameter = "returnUrl";
        cookie.Events = new CookieAuthenticationEvents
        {
            OnValidatePrincipal = async context =>
            {
                if (!PrincipalOf.IsSession(context.Principal!) || !await IsKnownAsync(context.HttpContext, context.Principal!))
                {
                    context.RejectPrincipal();
                    await context.HttpContext.SignOutAsync(PortalSchemes.Cookie);
                }
            },
            OnRedirectToLogin = context => IsPage(context.Request)
                ? Redirect(context)
                : RefuseAsync(context.HttpContext),
            OnRedirectToAccessDenied = context => ErrorProblems.Forbidden().ExecuteAsync(context.HttpContext),
        };
    }

    /// <summary>The same body whatever was wrong: a caller learns nothing from trying.</summary>
    internal static Task RefuseAsync(HttpContext context)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return ErrorProblems.Unauthorized().ExecuteAsync(context);
    }

    private static Task Redirect(RedirectContext<CookieAuthenticationOptions> context)
    {
        // Relative, so that a forged Host header leads nowhere.
        var target = context.Request.PathBase + context.Request.Path + context.Request.QueryString;
        context.Response.Redirect($"/signin?returnUrl={Uri.EscapeDataString(target)}");
        return Task.CompletedTask;
    }

    /// <summary>True for what a person opens in a browser, as opposed to what a program or script asks for.</summary>
    private static bool IsPage(HttpRequest request) => HttpMethods.IsGet(request.Method)
        && !request.Path.StartsWithSegments("/api") && !request.Path.StartsWithSegments("/hubs")
        && !request.Path.StartsWithSegments("/openapi") && !request.Path.StartsWithSegments("/_blazor");

    private static Task<bool> IsKnownAsync(HttpContext context, System.Security.Claims.ClaimsPrincipal principal) =>
        SignedIn.AcceptAsync(context, context.RequestServices.GetRequiredService<IActors>(), principal);
}
