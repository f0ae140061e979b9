using System.Reflection;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.JSInterop;
using MudBlazor;
using Portal.Domain.Access;
using Portal.Web.Live;

namespace Portal.Web.Components.Layout;

/// <summary>The frame around every signed-in page: bar, navigation, theme, and the watch over the session.</summary>
public sealed partial class MainLayout : LayoutComponentBase, IAsyncDisposable
{
    private static readonly string s_version = typeof(MainLayout).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    private static readonly (string Value, string Label, string Icon)[] s_themes =
    [
        ("system", "System", Icons.Material.Rounded.Contrast),
        ("light", "Light", Icons.Material.Rounded.LightMode),
        ("dark", "Dark", Icons.Material.Rounded.DarkMode),
    ];

    private readonly CancellationTokenSource _leaving = new();
    private DotNetObjectReference<MainLayout>? _self;
    private ErrorBoundary? _boundary;
    private Actor? _actor;
    private Task _watching = Task.CompletedTask;
    private int _rights;
    private bool _drawer = true;
    private bool _dark;
    private string _theme = "system";

    [Inject] public required IJSRuntime Js { get; init; }

    [Inject] public required Session Session { get; init; }

    [Inject] public required AuthenticationStateProvider Authentication { get; init; }

    [Inject] public required NavigationManager Navigation { get; init; }

    [Inject] public required BrowserTime BrowserTime { get; init; }

    [Inject] public required TimeProvider Clock { get; init; }

    private string ThemeIcon => s_themes.First(theme => theme.Value == _theme).Icon;

    private string Initial => _actor is { Name.Length: > 0 } ? _actor.Name[..1].ToUpperInvariant() : "?";

    private string Here => Navigation.ToBaseRelativePath(Navigation.Uri).Split('#')[0];

    /// <summary>The theme was changed in this window, in another one, or by the system.</summary>
    [JSInvokable]
    public Task ThemeChanged(string theme, bool dark) => InvokeAsync(() =>
    {
        (_theme, _dark) = (Known(theme), dark);
        StateHasChanged();
    });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Navigation.LocationChanged -= OnLocationChanged;
        await _leaving.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _self?.Dispose();
        _leaving.Dispose();
    }

    /// <inheritdoc/>
    protected override void OnInitialized() => Navigation.LocationChanged += OnLocationChanged;

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
        {
            return;
        }

        // Nothing is shown before the theme and the actor are known; the page's own splash covers the wait.
        _self = DotNetObjectReference.Create(this);
        var browser = await Js.InvokeAsync<BrowserFacts>("portalBrowser.start", _self);
        (_theme, _dark) = (Known(browser.Theme), browser.Dark);
        BrowserTime.Set(browser.Zone, browser.Offset);
        var principal = (await Authentication.GetAuthenticationStateAsync()).User;
        var actor = await Session.ActorAsync(principal, _leaving.Token);
        if (actor == Actor.Anonymous)
        {
            Leave();
            return;
        }

        _actor = actor;
        _watching = WatchSessionAsync(principal, _leaving.Token);
        StateHasChanged();
    }

    // A right that was taken away ends what it opened within five seconds, also in a page that stays open.
    private async Task WatchSessionAsync(System.Security.Claims.ClaimsPrincipal principal, CancellationToken ct)
    {
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(4), Clock);
            while (await timer.WaitForNextTickAsync(ct))
            {
                var actor = await Session.ActorAsync(principal, ct);
                await InvokeAsync(() =>
                {
                    if (actor == Actor.Anonymous)
                    {
                        Leave();
                    }
                    else if (!Session.SameRights(actor, _actor!))
                    {
                        _actor = actor;
                        _rights++;
                        StateHasChanged();
                    }
                });
            }
        }
        catch (Exception ex) when (!ct.IsCancellationRequested)
        {
            await DispatchExceptionAsync(ex);
        }
    }

    private async Task SetThemeAsync(string value) => await Js.InvokeVoidAsync("portalBrowser.setTheme", value);

    private void Leave() => Navigation.NavigateTo("/signin?returnUrl=" + Uri.EscapeDataString("/" + Here), forceLoad: true);

    private bool IsUnder(string path) => Here.StartsWith(path, StringComparison.Ordinal);

    private void OnLocationChanged(object? sender, LocationChangedEventArgs e) => _ = InvokeAsync(() =>
    {
        _boundary?.Recover();
        StateHasChanged();
    });

    private static string Known(string theme) => theme is "light" or "dark" ? theme : "system";

    private sealed record BrowserFacts(string Theme, bool Dark, string? Zone, int Offset);
}
