using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access;
using Portal.Domain.Access.Users;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Security;

public sealed class SignInTests : IDisposable
{
    private readonly PortalHost _portal = new();

    private ISignIn SignIn => _portal.Services.GetRequiredService<ISignIn>();

    public void Dispose() => _portal.Dispose();

    [Fact]
    public async Task Password_UnknownAndWrong_LookTheSame()
    {
        await _portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        var wrong = (await SignIn.PasswordAsync("ann", "wrong password", null, "1", default)).Error;
        Assert.Equal(ErrorKind.Unauthorized, wrong!.Kind);
        Assert.Equal(wrong, (await SignIn.PasswordAsync("nobody", PortalHost.Password, null, "1", default)).Error);
        Assert.Equal(wrong, (await SignIn.PasswordAsync("not a name", PortalHost.Password, null, "1", default)).Error);
        Assert.Equal(wrong, (await SignIn.PasswordAsync("ann", new string('x', 100_000), null, "1", default)).Error);
    }

    [Fact]
    public async Task Password_FiveFailures_ThrottlesThatAccountFromThatSourceOnly()
    {
        await _portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        for (var i = 0; i < 5; i++)
        {
            await SignIn.PasswordAsync("ann", "wrong password", null, "1", default);
        }

        Assert.Equal("signin.throttled", (await SignIn.PasswordAsync("ann", PortalHost.Password, null, "1", default)).Error!.Code);
        Assert.True((await SignIn.PasswordAsync("ann", PortalHost.Password, null, "2", default)).IsSuccess);

        _portal.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True((await SignIn.PasswordAsync("ann", PortalHost.Password, null, "1", default)).IsSuccess);
    }

    [Fact]
    public async Task Password_HundredAttemptsOfOneSource_ThrottlesIt()
    {
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal("signin.failed", (await SignIn.PasswordAsync($"user{i}", "wrong password", null, "1", default)).Error!.Code);
        }

        Assert.Equal("signin.throttled", (await SignIn.PasswordAsync("another", "wrong password", null, "1", default)).Error!.Code);
        _portal.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("signin.failed", (await SignIn.PasswordAsync("another", "wrong password", null, "1", default)).Error!.Code);
    }

    [Fact]
    public async Task Actor_AfterPasswordChangeOrDeletion_IsAnonymous()
    {
        await _portal.AddUserAsync("ann", BuiltInRoles.Administrator);
        var principal = (await SignIn.PasswordAsync("ann", PortalHost.Password, null, "1", default)).Value;
        var actors = _portal.Services.GetRequiredService<IActors>();
        Assert.Equal("ann", (await actors.FindAsync(principal, default)).Name);

        await using var db = await _portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        await db.Users.ExecuteUpdateAsync(set => set.SetProperty(user => user.SecurityStamp, "another"));
        Assert.Same(Actor.Anonymous, await actors.FindAsync(principal, default));
        await db.Users.ExecuteDeleteAsync();
        Assert.Same(Actor.Anonymous, await actors.FindAsync(principal, default));
    }

    [Fact]
    public async Task Actor_GrantOfUnknownRoleOrBrokenHost_GrantsNothing()
    {
        await _portal.AddUserAsync("ann", new Role("Wizard", []));
        await _portal.AddUserAsync("bob", BuiltInRoles.Administrator, "Not A Host");
        foreach (var name in (string[])["ann", "bob"])
        {
            var principal = (await SignIn.PasswordAsync(name, PortalHost.Password, null, "1", default)).Value;
            Assert.Empty((await _portal.Services.GetRequiredService<IActors>().FindAsync(principal, default)).Grants);
        }
    }
}
