using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Security;
using Portal.Domain.Access.Users;

namespace Portal.Api.Tests;

/// <summary>Stands for the sign-in page, which is the web project's: /test/sign-in?name=, /test/sign-out.</summary>
internal sealed class CookieSignIn : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (context, inner) =>
        {
            if (context.Request.Path == "/test/sign-in")
            {
                var signIn = context.RequestServices.GetRequiredService<ISignIn>();
                var principal = await signIn.PasswordAsync(context.Request.Query["name"]!, PortalHost.Password, null, "test", context.RequestAborted);
                await context.SignInAsync(PortalSchemes.Cookie, principal.Value);
            }
            else if (context.Request.Path == "/test/sign-out")
            {
                await context.SignOutAsync(PortalSchemes.Cookie);
            }
            else
            {
                await inner(context);
            }
        });
        next(app);
    };
}
