using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using MudBlazor;
using MudBlazor.Services;
using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;
using Portal.TestKit.Access;
using Portal.TestKit.Fleet;
using Portal.Web.Components.Pages.Containers;
using Portal.Web.Live;

namespace Portal.Web.Tests;

/// <summary>A place to render components: fakes for every port, an administrator who looks.</summary>
public abstract class Browser : BunitContext
{
    protected Browser()
    {
        JSInterop.Mode = JSRuntimeMode.Loose;
        Services.AddMudServices(options => options.PopoverOptions.CheckForPopoverProvider = false);
        Services.AddSingleton<IFleetFeeds>(Feeds)
            .AddSingleton<TimeProvider>(Time)
            .AddSingleton<IAccessPolicy, AccessPolicy>()
            .AddSingleton<IAccessTargets, FakeAccessTargets>()
            .AddSingleton<IHandler<StartContainer>>(Started)
            .AddSingleton<IHandler<StopContainer>>(Stopped)
            .AddSingleton<IHandler<RestartContainer>>(new FakeHandler<RestartContainer>())
            .AddSingleton<IHandler<KillContainer>>(new FakeHandler<KillContainer>())
            .AddSingleton<IHandler<RemoveContainer>>(Removed)
            .AddSingleton<IQueryHandler<InspectContainer, ContainerDetails>>(Inspect)
            .AddScoped<ContainerCommands>()
            .AddScoped<BrowserTime>();
        See(Some.Administrator);
    }

    protected FakeTimeProvider Time { get; } = new(Some.Now);

    protected FakeFleetFeeds Feeds { get; } = new();

    protected FakeHandler<StartContainer> Started { get; } = new();

    protected FakeHandler<StopContainer> Stopped { get; } = new();

    protected FakeHandler<RemoveContainer> Removed { get; } = new();

    protected FakeInspect Inspect { get; } = new();

    protected ISnackbar Snackbar => Services.GetRequiredService<ISnackbar>();

    /// <summary>Lets time pass until something has happened: a timer may be set only after the first look.</summary>
    protected void PassTimeUntil(Func<bool> happened) => Assert.True(SpinWait.SpinUntil(() =>
    {
        Time.Advance(TimeSpan.FromMilliseconds(250));
        return happened();
    }, TimeSpan.FromSeconds(10)));

    /// <summary>From now on this actor looks.</summary>
    protected void See(Actor actor) => RenderTree.Add<Microsoft.AspNetCore.Components.CascadingValue<Actor>>(value => value.Add(cascade => cascade.Value, actor));
}
