using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Portal.Api.Access;
using Portal.Api.Adapters.Hosts;
using Portal.Api.Adapters.Storage;
using Portal.Api.Audit;
using Portal.Api.Background;
using Portal.Api.Builds;
using Portal.Api.Commands;
using Portal.Api.Containers;
using Portal.Api.Docker;
using Portal.Api.Hosts;
using Portal.Api.Http;
using Portal.Api.Images;
using Portal.Api.Live;
using Portal.Api.Networks;
using Portal.Api.Operations;
using Portal.Api.Registries;
using Portal.Api.Security;
using Portal.Api.Security.External;
using Portal.Api.Security.Passkeys;
using Portal.Api.Volumes;
using Portal.Domain;
using Portal.Domain.Access;
using Portal.Domain.Access.Model;
using Portal.Domain.Access.Users;
using Portal.Domain.Audit;
using Portal.Domain.Hosts;
using Portal.Domain.Volumes;

namespace Portal.Api;

/// <summary>The control plane's public face for the process that hosts it.</summary>
public static class PortalApi
{
    /// <summary>Registers the control plane: HTTPS, storage, security, host gateways, feeds and the domain's handlers.</summary>
    public static WebApplicationBuilder AddPortalApi(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IConfigureOptions<PortalOptions>, PortalOptionsSetup>();
        services.AddSingleton<IValidateOptions<PortalOptions>, PortalOptionsValidator>();
        services.AddOptions<PortalOptions>().ValidateOnStart();

        // Every request (with its query) and every statement at Information would drown the rest; and the keys lie beside
        // whatever could encrypt them, in a folder that is the owner's alone.
        builder.Logging
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error)
            .AddFilter("Microsoft.EntityFrameworkCore", LogLevel.Warning);

        services.AddPortalDomain();
        AddStorage(services);
        AddSecurity(services);
        services.AddExternalSignIn(builder.Configuration);
        AddHosts(services);
        AddHttp(services);
        return builder;
    }

    /// <summary>
    /// Adds the control plane's part of the request pipeline (headers, origin checks, sign-in, authorisation, antiforgery) and its endpoints.
    /// Whatever is mapped besides needs a signed-in user unless it says <c>AllowAnonymous</c>.
    /// </summary>
    public static WebApplication MapPortalApi(this WebApplication app)
    {
        app.UseMiddleware<SecurityHeaders>();
        app.UseWhen(context => ApiPaths.IsApi(context.Request.Path), api => api
            .UseExceptionHandler()
            .UseStatusCodePages(async context => await new Problem(
                ErrorProblems.OfStatus(context.HttpContext.Response.StatusCode), context.HttpContext.Response.StatusCode).ExecuteAsync(context.HttpContext)));
        app.UseMiddleware<OriginGuard>();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseMiddleware<MediaTypes>();
        app.UseAntiforgery();
        app.UseSwaggerUI(pages =>
        {
            pages.RoutePrefix = "swagger";
            pages.DocumentTitle = "Portal API";
            pages.SwaggerEndpoint($"/openapi/{ApiDescription.Document}.json", "Portal");
        });

        app.MapGet("/health", () => TypedResults.Ok(new Health("ok"))).AllowAnonymous().ExcludeFromDescription();
        app.MapExternalSignIn();
        app.MapSwagger("/openapi/{documentName}.json").RequireSignIn();
        app.MapHub<LiveHub>("/hubs/live", hub =>
        {
            hub.Transports = HttpTransportType.WebSockets;
            hub.ApplicationMaxBufferSize = 64 * 1024;
            hub.TransportMaxBufferSize = 64 * 1024;
            hub.CloseOnAuthenticationExpiration = true;
        }).RequireSignIn();

        var api = app.MapGroup("/api/v1").ProducesProblems(500, 503);
        api.MapAccess();
        api.MapMe();
        api.MapPasskeys();
        api.MapUsers();
        api.MapTeams();
        api.MapRoles();
        api.MapGrants();
        api.MapTokens();
        api.MapHostAccess();
        api.MapSecuritySettings();
        api.MapAudit();
        api.MapHosts();
        api.MapContainers();
        api.MapContainerChanges();
        api.MapContainerFiles();
        api.MapNetworks();
        api.MapVolumes();
        api.MapVolumeFiles();
        api.MapImages();
        api.MapBuilds();
        api.MapRegistries();
        api.MapOperations();
        api.MapDocker();
        return app;
    }

    /// <summary>
    /// Builds the application and runs it until told to stop, or runs the command that the arguments name (<c>portal help</c> lists them). A start that is
    /// refused ends with one sentence on the console.
    /// </summary>
    /// <param name="args">The process's arguments.</param>
    /// <param name="build">Makes the application; the data root is opened while it does.</param>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunPortalAsync(string[] args, Func<WebApplication> build)
    {
        try
        {
            if (ConsoleCommand.IsIn(args))
            {
                // What the command says goes to the output, and nothing else does; what there is to log besides is told when it is bad.
                Environment.SetEnvironmentVariable("Logging__Console__LogToStandardErrorThreshold", nameof(LogLevel.Trace));
                Environment.SetEnvironmentVariable("Logging__LogLevel__Default", nameof(LogLevel.Warning));
                return await ConsoleCommand.RunAsync(args, build, Console.Out, CancellationToken.None);
            }

            await build().RunAsync();
            return 0;
        }
        catch (Exception ex) when (ex is StartRefusedException or OptionsValidationException)
        {
            var sentences = ex is OptionsValidationException options ? options.Failures : [ex.Message];
            foreach (var sentence in sentences)
            {
                await Console.Error.WriteLineAsync($"portal: {sentence}");
            }

            return 1;
        }
        catch (IOException ex) when (ex.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            await Console.Error.WriteLineAsync($"portal: {ex.Message} Stop what listens there, or set PORTAL_HTTPS_PORT.");
            return 1;
        }
    }

    private static void AddStorage(IServiceCollection services)
    {
        services.AddSingleton<DataRoot>();
        services.AddSingleton<IPortalDatabase>(provider => provider.GetRequiredService<IOptions<PortalOptions>>().Value.Database is { } server
            ? ActivatorUtilities.CreateInstance<PortalDbServer>(provider, server)
            : ActivatorUtilities.CreateInstance<PortalDbFile>(provider));
        services.AddDbContextFactory<PortalDb>((provider, db) => provider.GetRequiredService<IPortalDatabase>().Configure(db));
        services.AddHostedService<DatabaseOpening>();
        services.AddSingleton<IAuditLog, AuditLog>();
        services.AddSingleton<AuditTrail>();
        services.AddHostedService<AuditRetention>();
        services.AddSingleton<SessionStore>();
        services.AddSingleton<IAccessStore, AccessStore>();
        services.AddSingleton<HostAccess>();
        services.AddSingleton<RegistryStore>();
        services.AddSingleton<OperationStore>();
        services.AddSingleton<IHostAccess>(provider => provider.GetRequiredService<HostAccess>());
        services.AddHostedService(provider => provider.GetRequiredService<HostAccess>());
    }

    private static void AddSecurity(IServiceCollection services)
    {
        services.AddIdentityCore<PortalUser>().AddUserStore<PasskeyStore>();
        services.Configure<PasswordHasherOptions>(hasher => hasher.IterationCount = 210_000);
        services.RemoveAll<IPasswordHasher<PortalUser>>();
        services.AddSingleton<IPasswordHasher<PortalUser>, PasswordHasher<PortalUser>>();
        services.RemoveAll<ILookupNormalizer>();
        services.AddSingleton<ILookupNormalizer, UpperInvariantLookupNormalizer>();

        services.AddDataProtection().SetApplicationName("portal");
        services.AddOptions<Microsoft.AspNetCore.DataProtection.KeyManagement.KeyManagementOptions>().Configure<DataRoot, ILoggerFactory>((keys, root, logs) =>
            keys.XmlRepository = new KeyFolder(new DirectoryInfo(root.Folder("keys")), logs));

        services.AddHttpContextAccessor();
        services.AddPortalAuthentication();
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "__Host-portal-form";
            antiforgery.Cookie.Path = "/";
            antiforgery.Cookie.SecurePolicy = CookieSecurePolicy.Always;
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.SuppressXFrameOptionsHeader = true;
        });
        services.AddSingleton<TokenKey>();
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<PasswordGate>();
        services.AddSingleton<SetupSecret>();
        services.AddSingleton<Setup>();
        services.AddSingleton<ISetup>(provider => provider.GetRequiredService<Setup>());
        services.AddHostedService(provider => provider.GetRequiredService<Setup>());
        services.AddSingleton<SignInAttempts>();
        services.AddSingleton<ISignIn, SignIn>();
        services.AddSingleton<PasskeyCeremonies>();
        services.AddSingleton<PasskeyKeys>();
        services.AddSingleton<PasskeyAddress>();
        services.AddSingleton<IConfigureOptions<IdentityPasskeyOptions>>(provider => provider.GetRequiredService<PasskeyAddress>());
        services.AddScoped<IPasskeyHandler<PortalUser>, PasskeyHandler<PortalUser>>();
        services.AddScoped<PasskeyDesk>();
        services.AddSingleton<Actors>();
        services.AddSingleton<IActors>(provider => provider.GetRequiredService<Actors>());
        services.AddSingleton<ApiTokens>();
        services.AddSingleton<RefreshTokens>();
        services.AddSingleton<Tickets>();
        services.AddSingleton<SecondFactor>();
        services.AddSingleton<Settings>();
        services.AddSingleton<Reauthorisation>();
        services.AddScoped<CurrentActor>();
        services.AddScoped<PortalGate>();
        services.AddScoped<TokenDesk>();
        services.AddSingleton<Sessions>();
        services.AddSingleton<Idempotency>();
    }

    private static void AddHosts(IServiceCollection services)
    {
        services.AddSingleton<IHostDirectory, LocalHostDirectory>();
        services.AddSingleton<EngineConnections>();
        services.AddSingleton<EngineCalls>();
        services.AddSingleton<IHostGateway, EngineHostGateway>();
        services.AddSingleton<IVolumeGateway, EngineVolumeGateway>();
        services.AddSingleton<IHostUpstream, EngineUpstream>();
        services.AddSingleton<Fleet>();
        services.AddSingleton<IFleetFeeds, FleetFeeds>();
        services.AddHostedService<HostWatcher>();
        services.AddSingleton<IAccessTargets, FleetTargets>();
        services.AddSingleton<Targets>();
        services.AddSingleton<LiveConnections>();
        services.AddScoped<Addressee>();
        services.AddDocker();
        services.AddSingleton<OperationBoard>();
        services.AddHostedService(provider => provider.GetRequiredService<OperationBoard>());
        services.AddScoped<OperationStarts>();
        services.AddSignalR(hubs =>
        {
            hubs.MaximumReceiveMessageSize = 32 * 1024;
            hubs.EnableDetailedErrors = false;
            hubs.StatefulReconnectBufferSize = 1;
        });
    }

    private static void AddHttp(IServiceCollection services)
    {
        services.AddSingleton<TlsCertificate>();
        services.AddSingleton<IConfigureOptions<KestrelServerOptions>, KestrelSetup>();
        services.AddProblemDetails(problems => problems.CustomizeProblemDetails = context =>
        {
            if (context.ProblemDetails is HttpValidationProblemDetails invalid)
            {
                invalid.Type = "/errors/request.invalid";
                invalid.Title = "Some of the request's values cannot be used; see errors.";
                invalid.Extensions["code"] = "request.invalid";
            }
        });
        services.AddValidation();
        services.AddExceptionHandler<ExceptionProblems>();
        services.Configure<JsonOptions>(json =>
        {
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.MaxDepth = 32;
            json.SerializerOptions.AllowDuplicateProperties = false;
            json.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        });
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddApiDescription();
        MediaTypes.LeaveToUs(services);
    }
}

/// <summary>That the portal runs.</summary>
/// <param name="Status">Always <c>ok</c>.</param>
internal sealed record Health(string Status);
