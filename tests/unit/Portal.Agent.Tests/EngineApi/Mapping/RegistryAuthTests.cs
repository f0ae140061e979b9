using System.Text;
using Portal.Agent.EngineApi.Mapping;
using Portal.Domain.Primitives;
using Portal.Runtime.Registries;

namespace Portal.Agent.Tests.EngineApi.Mapping;

public sealed class RegistryAuthTests
{
    // Both letters that the two alphabets of base64 write differently are in it.
    private const string Json = """{"username":"joe","password":"~~?>>>ÿ¿","serveraddress":"x"}""";

    public static TheoryData<string> Forms => new(
        Convert.ToBase64String(Encoding.UTF8.GetBytes(Json)),
        Convert.ToBase64String(Encoding.UTF8.GetBytes(Json)).TrimEnd('='),
        Convert.ToBase64String(Encoding.UTF8.GetBytes(Json)).Replace('+', '-').Replace('/', '_'),
        Convert.ToBase64String(Encoding.UTF8.GetBytes(Json)).Replace('+', '-').Replace('/', '_').TrimEnd('='));

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Header_InEveryFormClientsSend_IsUnderstood(string header) =>
        Assert.Equal(new RegistryCredential("joe", "~~?>>>ÿ¿"), await RegistryAuth.Parse(header)!.ForAsync("x", default));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("e30=")]
    [InlineData("e30")]
    [InlineData("bnVsbA==")]
    public void Header_OfNobody_IsNobody(string? header) => Assert.Null(RegistryAuth.Parse(header));

    [Theory]
    [InlineData("{\"identitytoken\":\"i\"}", "", "", "i", "")]
    [InlineData("{\"registrytoken\":\"r\"}", "", "", "", "r")]
    [InlineData("{\"auth\":\"am9lOnM6ZQ==\"}", "joe", "s:e", "", "")]
    public async Task Header_WithOtherSecrets_IsUnderstood(string json, string user, string password, string identity, string token) =>
        Assert.Equal(new RegistryCredential(user, password, identity, token), await RegistryAuth.Parse(Base64(json))!.ForAsync("x", default));

    [Theory]
    [InlineData("*hidden*")]
    [InlineData("aGlkZGVu")]
    [InlineData("W10=")]
    [InlineData("eyJ1c2VybmFtZSI6MX0=")]
    [InlineData("A")]
    public void Header_Malformed_IsRefusedWithoutQuotingIt(string header)
    {
        var error = Assert.Throws<ErrorException>(() => RegistryAuth.Parse(header));

        Assert.Equal(ErrorKind.Invalid, error.Error.Kind);
        Assert.StartsWith("invalid X-Registry-Auth header: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Header_HugeOrWithLineBreaks_IsRefused()
    {
        Assert.Equal(ErrorKind.Invalid, Assert.Throws<ErrorException>(() => RegistryAuth.Parse(new string('A', 20_000))).Error.Kind);
        Assert.Equal(ErrorKind.Invalid, Assert.Throws<ErrorException>(() => RegistryAuth.Parse(Base64("{\"registrytoken\":\"a\\r\\nX: b\"}"))).Error.Kind);
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
