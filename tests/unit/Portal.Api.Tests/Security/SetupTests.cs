using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Access.Users;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Security;

public sealed class SetupTests : IDisposable
{
    private readonly PortalHost _portal = new();

    private ISetup Setup => _portal.Services.GetRequiredService<ISetup>();

    public void Dispose() => _portal.Dispose();

    [Fact]
    public async Task Complete_RightSecret_MakesAnAdministratorAndClosesForEver()
    {
        Assert.True(await Setup.IsRequiredAsync(default));
        var secret = _portal.SetupSecret;
        Assert.True((await Setup.CompleteAsync(new(secret.ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal), "ann", PortalHost.Password), "1", default)).IsSuccess);

        Assert.False(await Setup.IsRequiredAsync(default));
        Assert.False(File.Exists(Path.Combine(_portal.DataRoot, "setup-secret")));
        Assert.Equal("setup.closed", (await Setup.CompleteAsync(new(secret, "eve", PortalHost.Password), "1", default)).Error!.Code);

        var user = await _portal.Services.GetRequiredService<ISignIn>().PasswordAsync("ANN", PortalHost.Password, null, "1", default);
        var actor = await _portal.Services.GetRequiredService<IActors>().FindAsync(user.Value, default);
        Assert.Equal("Administrator", Assert.Single(actor.Grants).Role.Name);
    }

    [Fact]
    public async Task Complete_FiveWrongSecrets_ThrottlesThatSourceOnly()
    {
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("setup.secret", (await Setup.CompleteAsync(new("WRONG", "ann", PortalHost.Password), "1", default)).Error!.Code);
        }

        var refused = (await Setup.CompleteAsync(new(_portal.SetupSecret, "ann", PortalHost.Password), "1", default)).Error!;
        Assert.Equal(("setup.throttled", ErrorKind.TooManyRequests), (refused.Code, refused.Kind));
        Assert.True(refused.RetryAfter > TimeSpan.Zero);

        _portal.Time.Advance(refused.RetryAfter!.Value);
        Assert.Equal("setup.secret", (await Setup.CompleteAsync(new("WRONG", "ann", PortalHost.Password), "1", default)).Error!.Code);
        Assert.True((await Setup.CompleteAsync(new(_portal.SetupSecret, "ann", PortalHost.Password), "2", default)).IsSuccess);
    }

    [Fact]
    public async Task Complete_MoreThan100TriesAMinute_AreTurnedAwayWithoutALookAtTheSecret()
    {
        // Right secret and unusable name: neither counts as a wrong guess.
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal("user.name", (await Setup.CompleteAsync(new(_portal.SetupSecret, "a b", PortalHost.Password), "1", default)).Error!.Code);
        }

        Assert.Equal("setup.throttled", (await Setup.CompleteAsync(new(_portal.SetupSecret, "ann", PortalHost.Password), "1", default)).Error!.Code);
        _portal.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.True((await Setup.CompleteAsync(new(_portal.SetupSecret, "ann", PortalHost.Password), "1", default)).IsSuccess);
    }

    [Fact]
    public async Task Complete_TwoAtOnce_OneWins()
    {
        var secret = _portal.SetupSecret;
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => Setup.CompleteAsync(new(secret, $"user{i}", PortalHost.Password), $"{i}", default))));
        Assert.Equal(1, results.Count(result => result.IsSuccess));
        Assert.All(results.Where(result => !result.IsSuccess), result => Assert.Equal("setup.closed", result.Error!.Code));
    }

    [Theory]
    [InlineData("a b", PortalHost.Password, "user.name")]
    [InlineData("", PortalHost.Password, "user.name")]
    [InlineData("<script>", PortalHost.Password, "user.name")]
    [InlineData("ann", "1234567", "user.password")]
    [InlineData("ann", "Password123", "user.password")]
    public async Task Complete_UnusableAccount_SaysWhichPartAndStaysOpen(string name, string password, string code)
    {
        Assert.Equal(code, (await Setup.CompleteAsync(new(_portal.SetupSecret, name, password), "1", default)).Error!.Code);
        Assert.True(await Setup.IsRequiredAsync(default));
    }

    [Fact]
    public async Task Complete_EveryTry_IsAuditedWithoutSecrets()
    {
        await Setup.CompleteAsync(new("WRONG-SECRET", "ann", "first password"), "1", default);
        await Setup.CompleteAsync(new(_portal.SetupSecret, "ann", PortalHost.Password), "1", default);
        var lines = await _portal.AuditAsync();
        Assert.Equal(["setup.secret", "ok"], lines.Select(line => line.Outcome));
        Assert.DoesNotContain(lines, line => $"{line.Target}{line.Message}{line.ActorName}".Contains("WRONG", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Complete_OverRest_AnswersProblems()
    {
        using var client = _portal.Client();
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await client.PostAsJsonAsync("/api/v1/setup", new { secret = "x", userName = "ann", password = PortalHost.Password })).StatusCode);
        }

        using var throttled = await client.PostAsJsonAsync("/api/v1/setup", new { secret = "x", userName = "ann", password = PortalHost.Password });
        Assert.Equal(HttpStatusCode.TooManyRequests, throttled.StatusCode);
        Assert.NotNull(throttled.Headers.RetryAfter);
    }

    [Fact]
    public void Command_AsText_ShowsNoSecret() =>
        Assert.Equal("CompleteSetup { UserName = ann }", new CompleteSetup("SECRET", "ann", "PASSWORD").ToString());
}
