using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MudBlazor;
using MudBlazor.Services;
using Portal.Web.Components;
using Portal.Web.Components.Pages.Containers;
using Portal.Web.Live;

namespace Portal.Web;

/// <summary>The face's public face: what the host process calls.</summary>
public static class PortalWeb
{
    /// <summary>Registers the pages. The ports they use (setup, sign-in, actors, feeds, handlers) come from the host.</summary>
    public static IHostApplicationBuilder AddPortalWeb(this IHostApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddScoped<BrowserTime>().AddScoped<Session>().AddScoped<ContainerCommands>();
        builder.Services.AddCascadingAuthenticationState();
        builder.Services.AddMudServices(options =>
        {
            options.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomRight;
            options.SnackbarConfiguration.PreventDuplicates = false;
            options.SnackbarConfiguration.VisibleStateDuration = 5000;
            options.SnackbarConfiguration.ShowTransitionDuration = 150;
            options.SnackbarConfiguration.HideTransitionDuration = 150;
        });
        builder.Services.AddRazorComponents().AddInteractiveServerComponents(options =>
        {
            options.DetailedErrors = builder.Environment.IsDevelopment();
            // A laptop that slept for a moment finds its page as it was; what it subscribed to is kept no longer than this.
            options.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(2);
        });
        return builder;
    }

    /// <summary>Failures of pages end in pages. Comes first in the pipeline, so that what is shown instead passes sign-in and headers like any other page.</summary>
    public static WebApplication UsePortalWeb(this WebApplication app)
    {
        app.UseExceptionHandler("/error", createScopeForErrors: true);
        app.UseStatusCodePagesWithReExecute("/not-found/{0}", createScopeForStatusCodePages: true);
        // Not a branch: in a branch the second run would not find the pages' routes.
        app.Use((http, next) =>
        {
            http.Features.Get<IStatusCodePagesFeature>()!.Enabled = IsPage(http);
            return next(http);
        });
        return app;
    }

    /// <summary>Maps the pages, their assets and the circuit. Expects sign-in, authorisation and antiforgery in the pipeline already.</summary>
    public static WebApplication MapPortalWeb(this WebApplication app)
    {
        app.MapStaticAssets().AllowAnonymous();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
        return app;
    }

    // Programs get problem details from the API; only people get pages.
    private static bool IsPage(HttpContext http) =>
        http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase) && !http.Request.Path.StartsWithSegments("/api");
}
