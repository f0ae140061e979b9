using Portal.Domain.Access;
using Portal.Domain.Registries;

namespace Portal.Domain.Tests.Registries;

public sealed class RegistryTests
{
    [Theory]
    [InlineData("registry.example.com", "registry.example.com")]
    [InlineData("Registry.Example.com:5000", "registry.example.com:5000")]
    [InlineData("localhost", "localhost")]
    [InlineData("[::1]:5000", "[::1]:5000")]
    [InlineData("index.docker.io", "docker.io")]
    [InlineData("https://registry.example.com", null)]
    [InlineData("registry.example.com/team", null)]
    [InlineData("registry.example.com ", null)]
    [InlineData("registry .example.com", null)]
    [InlineData("user@registry.example.com", null)]
    [InlineData("registry.example.com:0", null)]
    [InlineData("registry.example.com:70000", null)]
    [InlineData("registry.example.com:", null)]
    [InlineData("registry.example.com\r\nX: y", null)]
    [InlineData("registry", null)]
    [InlineData("", null)]
    public void Address_Written_HasOneSpellingOrNone(string text, string? address)
    {
        var read = RegistryAddress.Read(text);

        Assert.Equal((address, address is null ? "registry.address" : null), (read.IsSuccess ? read.Value : null, read.Error?.Code));
    }

    [Theory]
    [InlineData("busybox", "docker.io")]
    [InlineData("index.docker.io/team/app", "docker.io")]
    [InlineData("Registry.example.com:5000/a/b@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "registry.example.com:5000")]
    [InlineData("UPPER", null)]
    public void Address_OfAnImage_IsItsRegistrys(string image, string? address) => Assert.Equal(address, RegistryAddress.OfImage(image));

    [Fact]
    public void Chosen_IsTheTeamsOwn_ThenEverybodys_ThenOneThatIsOnlyManaged()
    {
        var ann = new Actor("u", "ann", []) { Teams = ["web"] };
        Registry other = Of("other") with { Teams = ["db"] }, common = Of("common") with { IsForEverybody = true }, web = Of("web") with { Teams = ["web"] };

        Assert.Equal("web", Chosen(ann, false, other, common, web));
        Assert.Equal("common", Chosen(ann, false, other, common));
        Assert.Null(Chosen(ann, false, other));
        Assert.Equal("other", Chosen(ann, true, other));
        Assert.Null(Chosen(ann, true, web with { Address = "elsewhere.example.com" }));
        Assert.Null(Chosen(ann, true, web with { HasSecret = false }));
    }

    private static string? Chosen(Actor actor, bool manages, params Registry[] registries) => Registry.Choose(registries, "docker.io", actor, manages)?.Name;

    private static Registry Of(string name) => new(name, name, "docker.io") { HasSecret = true };
}
