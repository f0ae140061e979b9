using System.Net.Mime;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Portal.Domain.Access.Users;

namespace Portal.Api.Security.External;

/// <summary>Sign-in by an OpenID Connect provider: authorisation code with PKCE. Ends in a session like any other.</summary>
internal static class OpenIdConnect
{
    private const string Callback = ExternalSignIn.Path + "/callback";

    /// <summary>Adds it when an authority is set.</summary>
    public static IServiceCollection AddExternalSignIn(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(provider => new ExternalSignIn(provider.GetRequiredService<IOptions<PortalOptions>>().Value is { OidcAuthority: not null } set ? set.OidcName : null));
        if (configuration["PORTAL_OIDC_AUTHORITY"] is { Length: > 0 })
        {
            services.AddSingleton<ExternalAccounts>();
            services.AddAuthentication().AddOpenIdConnect(PortalSchemes.External, _ => { });
            services.AddOptions<OpenIdConnectOptions>(PortalSchemes.External).Configure<IOptions<PortalOptions>>((oidc, options) => Configure(oidc, options.Value));
        }

        return services;
    }

    /// <summary>Maps where the sign-in begins.</summary>
    public static void MapExternalSignIn(this WebApplication app)
    {
        if (app.Services.GetRequiredService<ExternalSignIn>().Name is not null)
        {
            app.MapGet(ExternalSignIn.Path, (string? returnUrl) => Results.Challenge(new() { RedirectUri = Local(returnUrl) }, [PortalSchemes.External]))
                .AllowAnonymous().ExcludeFromDescription();
        }
    }

    private static void Configure(OpenIdConnectOptions oidc, PortalOptions options)
    {
        oidc.Authority = options.OidcAuthority!.ToString();
        oidc.RequireHttpsMetadata = !options.OidcAuthority.IsLoopback;
        oidc.ClientId = options.OidcClientId;
        oidc.ClientSecret = options.OidcClientSecret;
        oidc.CallbackPath = Callback;
        oidc.RemoteSignOutPath = default;
        oidc.SignInScheme = PortalSchemes.Cookie;

        // By query, not by a form of the other site: the cookies of the way back need not be sent with foreign posts.
        (oidc.ResponseType, oidc.ResponseMode, oidc.UsePkce) = (OpenIdConnectResponseType.Code, OpenIdConnectResponseMode.Query, true);
        (oidc.CorrelationCookie.SameSite, oidc.NonceCookie.SameSite) = (SameSiteMode.Lax, SameSiteMode.Lax);
        oidc.MapInboundClaims = false;
        oidc.ClaimActions.Clear();
        oidc.Scope.Add("email");
        oidc.Events = new OpenIdConnectEvents
        {
            OnTokenValidated = async context =>
            {
                var http = context.HttpContext;
                var accounts = http.RequestServices.GetRequiredService<ExternalAccounts>();
                var user = await accounts.SignInAsync(
                    context.SecurityToken.Issuer, context.SecurityToken.Subject, context.Principal!, http.Connection.RemoteIpAddress?.ToString() ?? "unknown", http.RequestAborted);
                if (user.Error is { } error)
                {
                    context.HandleResponse();
                    await PageAsync(http, StatusCodes.Status403Forbidden, error.Message, "/signin", goOn: false);
                    return;
                }

                context.Principal = user.Value;
            },
            OnTicketReceived = async context =>
            {
                context.HandleResponse();
                await context.HttpContext.SignInAsync(PortalSchemes.Cookie, context.Principal!);

                // A browser that comes from another site sends no strict cookie with a redirect. It does with what this page asks for.
                await PageAsync(context.HttpContext, StatusCodes.Status200OK, "You are signed in.", Local(context.ReturnUri), goOn: true);
            },
            OnRemoteFailure = context =>
            {
                context.HandleResponse();
                return PageAsync(context.HttpContext, StatusCodes.Status400BadRequest, "The sign-in by the identity provider failed, or took too long. Try again.", "/signin", goOn: false);
            },
        };
    }

    /// <summary>A path of this site, and nothing else.</summary>
    private static string Local(string? url) => url is ['/', not ('/' or '\\'), ..] && !url.Any(char.IsControl) ? url : "/";

    private static Task PageAsync(HttpContext http, int status, string sentence, string path, bool goOn)
    {
        var (text, target) = (HtmlEncoder.Default.Encode(sentence), HtmlEncoder.Default.Encode(path));
        http.Response.StatusCode = status;
        http.Response.ContentType = MediaTypeNames.Text.Html + "; charset=utf-8";
        return http.Response.WriteAsync(
            $"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Portal</title>{(goOn ? $"""<meta http-equiv="refresh" content="0;url={target}">""" : "")}</head><body><p>{text} <a href="{target}">Go on</a></p></body></html>""",
            http.RequestAborted);
    }
}
