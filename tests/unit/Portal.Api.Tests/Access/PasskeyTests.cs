using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Adapters.Storage;
using Portal.Api.Security.Passkeys;
using Portal.Domain.Access;
using Portal.Domain.Access.Users;

namespace Portal.Api.Tests.Access;

public sealed class PasskeyTests : IDisposable
{
    private readonly PortalHost _portal = new();
    private readonly SoftwareAuthenticator _device = new();

    public void Dispose()
    {
        _device.Dispose();
        _portal.Dispose();
    }

    [Fact]
    public async Task Options_AskForAVerifiedHolderAndAKeyThatKnowsItsUser()
    {
        await _portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        using var ann = _portal.With(await _portal.TokenAsync("ann"));
        var making = (await ann.CallAsync("POST", "/me/passkeys/options", new { })).Body.GetProperty("options");
        Assert.Equal("localhost", making.GetProperty("rp").GetProperty("id").GetString());
        Assert.Equal("none", making.GetProperty("attestation").GetString());
        Assert.Equal(("required", "required"), (Text(making.GetProperty("authenticatorSelection"), "userVerification"), Text(making.GetProperty("authenticatorSelection"), "residentKey")));
        var asking = (await BeginAsync()).GetProperty("options");
        Assert.Equal("required", Text(asking, "userVerification"));
        Assert.Equal(0, asking.GetProperty("allowCredentials").GetArrayLength());
    }

    [Fact]
    public async Task SignIn_GivesTokensThatLastAndCountAsASecondFactor()
    {
        var added = await AddAsync("ann", BuiltInRoles.Administrator);
        Assert.Equal(HttpStatusCode.Created, added.Status);
        using (var root = await _portal.SignedInAsync(BuiltInRoles.Administrator))
        {
            await root.CallAsync("PUT", "/settings/security", new { administratorsNeedSecondFactor = true });
        }

        using (var byPassword = _portal.With(await _portal.TokenAsync("ann")))
        {
            Assert.Equal("access.denied", (await byPassword.CallAsync("GET", "/users")).Code);
        }

        _device.Count++;
        var tokens = await SignInAsync();
        using var ann = _portal.With(tokens.Text("accessToken"));
        Assert.Equal(HttpStatusCode.OK, (await ann.CallAsync("GET", "/users")).Status);
        using var anybody = _portal.Client();
        using var later = _portal.With((await anybody.CallAsync("POST", "/auth/refresh", new { refreshToken = tokens.Text("refreshToken") })).Text("accessToken"));
        Assert.Equal(HttpStatusCode.OK, (await later.CallAsync("GET", "/users")).Status);
        Assert.NotEqual(JsonValueKind.Null, (await later.CallAsync("GET", "/me/passkeys")).Body[0].GetProperty("lastUsed").ValueKind);
        Assert.Contains(await _portal.AuditAsync(), line => line is { Operation: "PasskeySignIn", ActorName: "ann", Outcome: "ok" });
    }

    [Fact]
    public async Task SignIn_OfAnAccountWithAnAuthenticator_AsksForNoCode()
    {
        await AddAsync("ann");
        await using (var db = await Db())
        {
            await db.Users.ExecuteUpdateAsync(set => set.SetProperty(user => user.TwoFactorEnabled, true));
        }

        _device.Count++;
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync()).Status);
    }

    [Fact]
    public async Task Session_ByPasskey_IsABrowsersSession_AndEndsWithThePasskey()
    {
        var id = (await AddAsync("ann")).Id;
        _device.Count++;
        var question = await BeginAsync();
        using var client = _portal.Client();
        using var answer = await client.PostAsync("/api/v1/auth/passkey/session", Json(question, _device.Get(question.GetProperty("options"))));
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        var cookie = answer.Headers.GetValues("Set-Cookie").Single();
        Assert.StartsWith("__Host-portal=", cookie, StringComparison.Ordinal);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        client.DefaultRequestHeaders.Add("Cookie", cookie.Split(';')[0]);
        Assert.Equal("ann", (await client.CallAsync("GET", "/me")).Text("userName"));

        using var ann = _portal.With(await _portal.TokenAsync("ann"));
        Assert.Equal(HttpStatusCode.NoContent, (await ann.CallAsync("DELETE", $"/me/passkeys/{id}")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.CallAsync("GET", "/me")).Status);
        Assert.Equal(HttpStatusCode.OK, (await ann.CallAsync("GET", "/me")).Status);
    }

    [Fact]
    public async Task Session_FromAnotherSite_IsRefused()
    {
        await AddAsync("ann");
        var question = await BeginAsync();
        using var client = _portal.Client();
        client.DefaultRequestHeaders.Add("Origin", "https://evil.example");
        using var answer = await client.PostAsync("/api/v1/auth/passkey/session", Json(question, _device.Get(question.GetProperty("options"))));
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Theory]
    [InlineData("origin")]
    [InlineData("frame")]
    [InlineData("party")]
    [InlineData("verification")]
    [InlineData("signature")]
    [InlineData("counter")]
    [InlineData("handle")]
    [InlineData("nobody")]
    [InlineData("credential")]
    [InlineData("challenge")]
    public async Task SignIn_WithAnythingWrong_OpensNothing(string wrong)
    {
        await _portal.AddUserAsync("bob", BuiltInRoles.Administrator);
        await AddAsync("ann");
        _device.Count++;
        using var foreign = new SoftwareAuthenticator { UserHandle = _device.UserHandle, Count = 9, Id = wrong == "credential" ? _device.Id : Guid.NewGuid().ToByteArray() };
        switch (wrong)
        {
            case "origin": _device.Origin = "https://localhost.evil.example"; break;
            case "frame": _device.CrossOrigin = true; break;
            case "party": _device.RelyingParty = "evil.example"; break;
            case "verification": _device.IsVerified = false; break;
            case "signature": _device.SignsWrong = true; break;
            case "counter": _device.Count = 1; break;
            case "handle": _device.UserHandle = await HandleOfAsync("bob"); break;
            case "nobody": _device.UserHandle = null; break;
        }

        var answer = wrong == "challenge" ? await FinishAsync(await BeginAsync(), _device.Get((await BeginAsync()).GetProperty("options"))) : await SignInAsync(wrong == "credential" ? foreign : null);
        Assert.Equal((HttpStatusCode.Unauthorized, "signin.passkey"), (answer.Status, answer.Code));
        Assert.Contains(await _portal.AuditAsync(), line => line is { Operation: "PasskeySignIn", Outcome: "signin.passkey", ActorId: "" });
    }

    [Fact]
    public async Task SignIn_OfAForeignKey_OpensNothing()
    {
        await AddAsync("ann");
        using var foreign = new SoftwareAuthenticator { UserHandle = _device.UserHandle, Count = 9 };
        Assert.Equal("signin.passkey", (await SignInAsync(foreign)).Code);
    }

    [Fact]
    public async Task SignIn_ReplayedOrLate_OpensNothing()
    {
        await AddAsync("ann");
        _device.Count = 0;
        await using (var db = await Db())
        {
            // A device that does not count.
            await db.Passkeys.ExecuteUpdateAsync(set => set.SetProperty(passkey => passkey.SignCount, 0L));
        }

        var question = await BeginAsync();
        var credential = _device.Get(question.GetProperty("options"));
        Assert.Equal(HttpStatusCode.OK, (await FinishAsync(question, credential)).Status);
        Assert.Equal("signin.passkey", (await FinishAsync(question, credential)).Code);

        // A wrong answer is an answer.
        question = await BeginAsync();
        Assert.Equal("signin.passkey", (await FinishAsync(question, new { })).Code);
        Assert.Equal("signin.passkey", (await FinishAsync(question, _device.Get(question.GetProperty("options")))).Code);

        question = await BeginAsync();
        _portal.Time.Advance(PasskeyCeremonies.Life);
        Assert.Equal("signin.passkey", (await FinishAsync(question, _device.Get(question.GetProperty("options")))).Code);
    }

    [Fact]
    public async Task SignIn_TwiceAtOnceWithOneCount_IsOneSignIn()
    {
        await AddAsync("ann");
        _device.Count++;
        var questions = new[] { await BeginAsync(), await BeginAsync() };
        var answers = await Task.WhenAll(questions.Select(question => FinishAsync(question, _device.Get(question.GetProperty("options")))));
        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("removed")]
    [InlineData("disabled")]
    [InlineData("gone")]
    public async Task SignIn_OfWhatIsNoMore_OpensNothing(string what)
    {
        var id = (await AddAsync("ann")).Id;
        _device.Count++;
        await using (var db = await Db())
        {
            _ = what switch
            {
                "removed" => await db.Passkeys.Where(passkey => passkey.Id == id).ExecuteDeleteAsync(),
                "disabled" => await db.Users.ExecuteUpdateAsync(set => set.SetProperty(user => user.IsDisabled, true)),
                _ => await db.Users.ExecuteDeleteAsync(),
            };
        }

        Assert.Equal("signin.passkey", (await SignInAsync()).Code);
    }

    [Fact]
    public async Task SignIn_OfAnAccountThatIsLockedForTheSource_Waits()
    {
        await AddAsync("ann");
        using var client = _portal.Client();
        for (var i = 0; i < 5; i++)
        {
            await client.CallAsync("POST", "/auth/token", new { userName = "ann", password = "wrong password" });
        }

        _device.Count++;
        Assert.Equal("signin.throttled", (await SignInAsync()).Code);
        _portal.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync()).Status);
    }

    [Fact]
    public async Task SignIn_WrongPasskeys_AreThrottledLikePasswords()
    {
        await AddAsync("ann");
        _device.SignsWrong = true;
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("signin.passkey", (await SignInAsync()).Code);
        }

        using var client = _portal.Client();
        Assert.Equal("signin.throttled", (await client.CallAsync("POST", "/auth/token", new { userName = "ann", password = PortalHost.Password })).Code);
    }

    [Fact]
    public async Task Options_HundredOfOneSource_AreThrottled()
    {
        using var client = _portal.Client();
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await client.CallAsync("POST", "/auth/passkey/options")).Status);
        }

        Assert.Equal("signin.throttled", (await client.CallAsync("POST", "/auth/passkey/options")).Code);
    }

    [Theory]
    [InlineData("origin")]
    [InlineData("frame")]
    [InlineData("party")]
    [InlineData("verification")]
    [InlineData("challenge")]
    [InlineData("sign-in")]
    [InlineData("somebody")]
    public async Task Add_WithAnythingWrong_IsRefused(string wrong)
    {
        await _portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        await _portal.AddUserAsync("bob", BuiltInRoles.Viewer);
        using var ann = _portal.With(await _portal.TokenAsync("ann"));
        using var bob = _portal.With(await _portal.TokenAsync("bob"));
        var question = (await ann.CallAsync("POST", "/me/passkeys/options", new { })).Body;
        switch (wrong)
        {
            case "origin": _device.Origin = "http://localhost"; break;
            case "frame": _device.CrossOrigin = true; break;
            case "party": _device.RelyingParty = "evil.example"; break;
            case "verification": _device.IsVerified = false; break;
        }

        var asked = wrong == "challenge" ? (await ann.CallAsync("POST", "/me/passkeys/options", new { })).Body : question;
        var credential = _device.Create(asked.GetProperty("options"));
        var id = wrong == "sign-in" ? Text(await BeginAsync(), "id") : Text(question, "id");
        var made = await (wrong == "somebody" ? bob : ann).CallAsync("POST", "/me/passkeys", new { id, name = "key", credential });
        Assert.Equal((HttpStatusCode.BadRequest, "passkey.refused"), (made.Status, made.Code));
        Assert.Equal(0, (await ann.CallAsync("GET", "/me/passkeys")).Body.GetArrayLength());
    }

    [Fact]
    public async Task Add_TheSameKeyAgain_IsRefused()
    {
        await AddAsync("ann");
        Assert.Equal("passkey.refused", (await AddAsync("ann")).Code);
        Assert.Equal("passkey.refused", (await AddAsync("bob")).Code);
    }

    [Fact]
    public async Task Add_LongAfterTheSignIn_WantsThePassword()
    {
        await _portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        using var client = _portal.Client();
        var tokens = await client.CallAsync("POST", "/auth/token", new { userName = "ann", password = PortalHost.Password });
        _portal.Time.Advance(TimeSpan.FromMinutes(11));
        using var ann = _portal.With((await client.CallAsync("POST", "/auth/refresh", new { refreshToken = tokens.Text("refreshToken") })).Text("accessToken"));
        var refused = await ann.CallAsync("POST", "/me/passkeys/options", new { });
        Assert.Equal((HttpStatusCode.Forbidden, "passkey.proof"), (refused.Status, refused.Code));
        Assert.Equal("signin.failed", (await ann.CallAsync("POST", "/me/passkeys/options", new { password = "wrong password" })).Code);
        Assert.Equal(HttpStatusCode.OK, (await ann.CallAsync("POST", "/me/passkeys/options", new { password = PortalHost.Password })).Status);
    }

    [Fact]
    public async Task Add_ByATokenOrForAnExternalAccount_IsRefused()
    {
        await _portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        using var ann = _portal.With(await _portal.TokenAsync("ann"));
        using var program = _portal.With((await ann.CallAsync("POST", "/me/tokens", new { name = "ci", days = 1 })).Text("secret"));
        Assert.Equal("access.person", (await program.CallAsync("POST", "/me/passkeys/options", new { password = PortalHost.Password })).Code);
        Assert.Equal("access.person", (await program.CallAsync("GET", "/me/passkeys")).Code);
        await using (var db = await Db())
        {
            await db.Users.ExecuteUpdateAsync(set => set.SetProperty(user => user.PasswordHash, (string?)null));
        }

        Assert.Equal("passkey.external", (await ann.CallAsync("POST", "/me/passkeys/options", new { })).Code);
    }

    [Fact]
    public async Task Rename_AndRemove_AreForOnesOwn()
    {
        var id = (await AddAsync("ann")).Id;
        await _portal.AddUserAsync("bob", BuiltInRoles.Administrator);
        using var ann = _portal.With(await _portal.TokenAsync("ann"));
        using var bob = _portal.With(await _portal.TokenAsync("bob"));
        Assert.Equal("blue key", (await ann.CallAsync("PUT", $"/me/passkeys/{id}", new { name = "blue key" })).Text("name"));
        Assert.Equal("passkey.name", (await ann.CallAsync("PUT", $"/me/passkeys/{id}", new { name = "blue\nkey" })).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await bob.CallAsync("PUT", $"/me/passkeys/{id}", new { name = "mine" })).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await bob.CallAsync("DELETE", $"/me/passkeys/{id}")).Status);
        Assert.Equal("blue key", Text((await ann.CallAsync("GET", "/me/passkeys")).Body[0], "name"));
    }

    [Fact]
    public async Task Remove_EndsTheTokensThatItOpened()
    {
        var id = (await AddAsync("ann")).Id;
        _device.Count++;
        var tokens = await SignInAsync();
        using var stolen = _portal.With(tokens.Text("accessToken"));
        using var ann = _portal.With(await _portal.TokenAsync("ann"));
        await ann.CallAsync("DELETE", $"/me/passkeys/{id}");
        Assert.Equal(HttpStatusCode.Unauthorized, (await stolen.CallAsync("GET", "/me")).Status);
        using var client = _portal.Client();
        Assert.Equal("refresh.refused", (await client.CallAsync("POST", "/auth/refresh", new { refreshToken = tokens.Text("refreshToken") })).Code);
    }

    [Theory]
    [InlineData("remove")]
    [InlineData("reset")]
    public async Task Administrator_TakesSomebodysPasskeys_AndEndsTheirSessions(string how)
    {
        await AddAsync("ann");
        using var ann = _portal.With(await _portal.TokenAsync("ann"));
        var id = (await ann.CallAsync("GET", "/me")).Id;
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        Assert.Equal("key", Text((await root.CallAsync("GET", $"/users/{id}/passkeys")).Body[0], "name"));
        Assert.Equal(HttpStatusCode.NoContent, how == "remove"
            ? (await root.CallAsync("DELETE", $"/users/{id}/passkeys")).Status
            : (await root.CallAsync("POST", $"/users/{id}/password", new { password = "another horse battery" })).Status);
        Assert.Equal(0, (await root.CallAsync("GET", $"/users/{id}/passkeys")).Body.GetArrayLength());
        Assert.Equal(HttpStatusCode.Unauthorized, (await ann.CallAsync("GET", "/me")).Status);
        _device.Count++;
        Assert.Equal("signin.passkey", (await SignInAsync()).Code);
        Assert.Contains(await _portal.AuditAsync(), line => line.Outcome == "ok" && line.Before.Contains("with passkeys", StringComparison.Ordinal) && !line.After.Contains("with passkeys", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Helpdesk_TakesNoPasskeysOfAnAdministrator()
    {
        await AddAsync("ann", BuiltInRoles.Administrator);
        using var ann = _portal.With(await _portal.TokenAsync("ann"));
        using var desk = await _portal.SignedInAsync(BuiltInRoles.Helpdesk);
        Assert.Equal(HttpStatusCode.Forbidden, (await desk.CallAsync("DELETE", $"/users/{(await ann.CallAsync("GET", "/me")).Id}/passkeys")).Status);
        Assert.Equal(1, (await ann.CallAsync("GET", "/me/passkeys")).Body.GetArrayLength());
    }

    [Fact]
    public async Task Password_ChangedByOneself_KeepsPasskeys()
    {
        await AddAsync("ann");
        using var ann = _portal.With(await _portal.TokenAsync("ann"));
        Assert.Equal(HttpStatusCode.NoContent, (await ann.CallAsync("POST", "/me/password", new { current = PortalHost.Password, password = "another horse battery" })).Status);
        _device.Count++;
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync()).Status);
    }

    [Fact]
    public async Task Address_OfNumbers_HasNoPasskeys()
    {
        using var client = _portal.Client();
        client.BaseAddress = new Uri("https://192.0.2.1");
        Assert.Equal("passkey.address", (await client.CallAsync("POST", "/auth/passkey/options")).Code);
    }

    [Fact]
    public async Task Address_ThatIsSet_IsWhosePasskeysTheyAre()
    {
        using var portal = new PortalHost { Settings = { ["PORTAL_PUBLIC_ADDRESS"] = "https://portal.example.com:8443" } };
        await portal.AddUserAsync("ann", BuiltInRoles.Viewer);
        using var ann = portal.With(await portal.TokenAsync("ann"));
        var question = (await ann.CallAsync("POST", "/me/passkeys/options", new { })).Body;
        Assert.Equal("portal.example.com", question.GetProperty("options").GetProperty("rp").GetProperty("id").GetString());
        Assert.Equal("passkey.refused", (await ann.CallAsync("POST", "/me/passkeys", new { id = Text(question, "id"), name = "key", credential = _device.Create(question.GetProperty("options")) })).Code);
        _device.Origin = "https://portal.example.com:8443";
        question = (await ann.CallAsync("POST", "/me/passkeys/options", new { })).Body;
        Assert.Equal(HttpStatusCode.Created, (await ann.CallAsync("POST", "/me/passkeys", new { id = Text(question, "id"), name = "key", credential = _device.Create(question.GetProperty("options")) })).Status);
    }

    [Fact]
    public void Ceremonies_TooMany_LetTheOldestGo()
    {
        var ceremonies = new PasskeyCeremonies(_portal.Time, capacity: 2);
        var ids = Enumerable.Range(0, 3).Select(i => ceremonies.Begin($"state {i}", null)).ToArray();
        Assert.Equal([null, "state 1", "state 2"], ids.Select(id => ceremonies.Redeem(id, null)));
        Assert.Null(ceremonies.Redeem(ids[1], null));
    }

    private async Task<Answered> AddAsync(string name, Role? role = null)
    {
        await _portal.AddUserAsync(name, role ?? BuiltInRoles.Viewer);
        using var client = _portal.With(await _portal.TokenAsync(name));
        var question = (await client.CallAsync("POST", "/me/passkeys/options", new { })).Body;
        return await client.CallAsync("POST", "/me/passkeys", new { id = Text(question, "id"), name = "key", credential = _device.Create(question.GetProperty("options")) });
    }

    private async Task<JsonElement> BeginAsync()
    {
        using var client = _portal.Client();
        return (await client.CallAsync("POST", "/auth/passkey/options")).Body;
    }

    private async Task<Answered> FinishAsync(JsonElement question, object credential)
    {
        using var client = _portal.Client();
        return await client.CallAsync("POST", "/auth/passkey/token", new { id = Text(question, "id"), credential });
    }

    private async Task<Answered> SignInAsync(SoftwareAuthenticator? device = null)
    {
        var question = await BeginAsync();
        return await FinishAsync(question, (device ?? _device).Get(question.GetProperty("options")));
    }

    private async Task<string> HandleOfAsync(string name)
    {
        await using var db = await Db();
        return System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes((await db.Users.SingleAsync(user => user.UserName == name)).Id));
    }

    private Task<PortalDb> Db() => _portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();

    private static System.Net.Http.Json.JsonContent Json(JsonElement question, object credential) => System.Net.Http.Json.JsonContent.Create(new { id = Text(question, "id"), credential });

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
