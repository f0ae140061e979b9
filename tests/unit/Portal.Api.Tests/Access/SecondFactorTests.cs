using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access;
using Portal.Domain.Access.Users;

namespace Portal.Api.Tests.Access;

public sealed class SecondFactorTests : IDisposable
{
    private readonly PortalHost _portal = new();

    public void Dispose() => _portal.Dispose();

    [Fact]
    public async Task SignIn_WithASecondFactor_WantsACodeThatIsNew()
    {
        var (key, _) = await EnrolAsync("ann");
        Assert.Equal("signin.second_factor", (await SignInAsync(null)).Code);
        Assert.Equal("signin.code", (await SignInAsync("000000")).Code);
        Assert.Equal("signin.failed", (await SignInAsync(CodeOf(key), "wrong password")).Code);

        // The code that confirmed the key is spent.
        Assert.Equal("signin.code", (await SignInAsync(CodeOf(key))).Code);
        _portal.Time.Advance(TimeSpan.FromSeconds(30));
        var code = CodeOf(key);
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(code)).Status);
        Assert.Equal("signin.code", (await SignInAsync(code)).Code);
    }

    [Fact]
    public async Task SignIn_WithARecoveryCode_SpendsIt()
    {
        var (_, codes) = await EnrolAsync("ann");
        Assert.Equal(10, codes.Distinct().Count());
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(codes[3].ToLowerInvariant())).Status);
        Assert.Equal("signin.code", (await SignInAsync(codes[3])).Code);
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(codes[4])).Status);
    }

    [Fact]
    public async Task SignIn_FiveWrongCodes_AreThrottledLikePasswords()
    {
        var (key, _) = await EnrolAsync("ann");
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("signin.code", (await SignInAsync("000000")).Code);
        }

        _portal.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("signin.throttled", (await SignInAsync(CodeOf(key))).Code);
    }

    [Fact]
    public async Task Stored_KeyAndCodes_AreNotReadable()
    {
        var (key, codes) = await EnrolAsync("ann");
        await using var db = await _portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        var stored = JsonSerializer.Serialize(await db.Users.ToListAsync()) + JsonSerializer.Serialize(await db.RecoveryCodes.ToListAsync());
        Assert.DoesNotContain(Convert.ToBase64String(key), stored, StringComparison.Ordinal);
        Assert.DoesNotContain(Totp.Base32(key), stored, StringComparison.Ordinal);
        Assert.All(codes, code => Assert.DoesNotContain(code.Replace("-", "", StringComparison.Ordinal), stored, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Remove_WantsPasswordAndCode()
    {
        var (key, codes) = await EnrolAsync("ann");
        _portal.Time.Advance(TimeSpan.FromSeconds(30));
        using var ann = _portal.With((await SignInAsync(CodeOf(key))).Text("accessToken"));
        Assert.Equal("second_factor.exists", (await ann.CallAsync("POST", "/me/second-factor")).Code);
        Assert.Equal("signin.code", (await ann.CallAsync("POST", "/me/second-factor/remove", new { password = PortalHost.Password, code = "000000" })).Code);
        Assert.Equal(HttpStatusCode.NoContent, (await ann.CallAsync("POST", "/me/second-factor/remove", new { password = PortalHost.Password, code = codes[0] })).Status);
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(null)).Status);
    }

    [Fact]
    public async Task Required_AdministratorWithoutOne_MayOnlySetOneUp()
    {
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        Assert.Equal(HttpStatusCode.OK, (await root.CallAsync("PUT", "/settings/security", new { administratorsNeedSecondFactor = true })).Status);
        Assert.Equal("access.denied", (await root.CallAsync("GET", "/users")).Code);
        await EnrolAsync(root);
        Assert.Equal(HttpStatusCode.OK, (await root.CallAsync("GET", "/users")).Status);
    }

    [Fact]
    public async Task Reset_ByAnAdministrator_TakesTheSecondFactorWhenAsked()
    {
        await EnrolAsync("ann");
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        var id = (await root.CallAsync("GET", "/users?filter=ann")).Body.GetProperty("items")[0].GetProperty("id").GetString();
        await root.CallAsync("POST", $"/users/{id}/password", new { password = "another horse battery" });
        Assert.Equal("signin.second_factor", (await SignInAsync(null, "another horse battery")).Code);
        await root.CallAsync("POST", $"/users/{id}/password", new { password = "another horse battery", removeSecondFactor = true });
        Assert.Equal(HttpStatusCode.OK, (await SignInAsync(null, "another horse battery")).Status);
    }

    private string CodeOf(byte[] key) => Totp.Code(key, Totp.StepAt(_portal.Time.GetUtcNow()));

    private async Task<(byte[] Key, string[] Codes)> EnrolAsync(string name)
    {
        await _portal.AddUserAsync(name, BuiltInRoles.Viewer);
        using var client = _portal.With(await _portal.TokenAsync(name));
        return await EnrolAsync(client);
    }

    private async Task<(byte[] Key, string[] Codes)> EnrolAsync(HttpClient client)
    {
        var key = Read((await client.CallAsync("POST", "/me/second-factor")).Text("key"));
        Assert.Equal("second_factor.code", (await client.CallAsync("POST", "/me/second-factor/confirm", new { code = "12345" })).Code);
        var codes = await client.CallAsync("POST", "/me/second-factor/confirm", new { code = CodeOf(key) });
        return (key, [.. codes.Body.GetProperty("codes").EnumerateArray().Select(code => code.GetString()!)]);
    }

    private static byte[] Read(string base32)
    {
        var bits = string.Concat(base32.Select(c => Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(c, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return [.. Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.Substring(i * 8, 8), 2))];
    }

    private async Task<Answered> SignInAsync(string? code, string password = PortalHost.Password)
    {
        using var client = _portal.Client();
        return await client.CallAsync("POST", "/auth/token", new { userName = "ann", password, code });
    }
}
