using Portal.Domain.Primitives;
using Portal.Runtime.Images;
using Portal.Runtime.Registries;

namespace Portal.Runtime.Tests.Registries;

public sealed class PlatformChoiceTests
{
    private static readonly string[] s_common = ["unknown/unknown", "linux/386", "linux/arm/v5", "linux/arm/v7", "linux/arm64/v8", "linux/amd64", "linux/amd64/v3", "windows/amd64"];

    [Theory]
    [InlineData("linux/amd64", "linux/amd64")]
    [InlineData("amd64", "linux/amd64")]
    [InlineData("linux/x86_64", "linux/amd64")]
    [InlineData("linux/amd64/v2", "linux/amd64")]
    [InlineData("linux/amd64/v4", "linux/amd64/v3")]
    [InlineData("linux/arm64", "linux/arm64/v8")]
    [InlineData("linux/aarch64", "linux/arm64/v8")]
    [InlineData("linux/arm", "linux/arm/v7")]
    [InlineData("linux/arm/v6", "linux/arm/v5")]
    [InlineData("linux/arm/v8", "linux/arm/v7")]
    [InlineData("linux/386", "linux/386")]
    [InlineData("windows/amd64", "windows/amd64")]
    [InlineData("linux/riscv64", null)]
    [InlineData("linux/arm/v4", null)]
    public void Choose_OfManyPlatforms_TakesTheOneThatFitsBest(string asked, string? chosen)
    {
        var manifests = s_common.Select(Descriptor).ToArray();

        Assert.Equal(chosen, Text(PlatformChoice.Parse(asked).Choose(manifests)?.Platform));
    }

    [Fact]
    public void Choose_WithoutTheOwnArchitecture_TakesTheSmallerOne()
    {
        Assert.Equal("linux/386", Text(PlatformChoice.Parse("linux/amd64").Choose([Descriptor("linux/386"), Descriptor("linux/arm64")])?.Platform));
        Assert.Equal("linux/arm/v7", Text(PlatformChoice.Parse("linux/arm64").Choose([Descriptor("linux/arm/v6"), Descriptor("linux/arm/v7")])?.Platform));
    }

    [Fact]
    public void Parse_Nothing_IsThisMachine() => Assert.Equal(PlatformChoice.Host, PlatformChoice.Parse(null));

    [Theory]
    [InlineData("linux/amd64/v1/x")]
    [InlineData("linux/")]
    [InlineData("linux/am d64")]
    public void Parse_NoPlatform_IsRefused(string text) => Assert.Equal(ErrorKind.Invalid, Assert.Throws<ErrorException>(() => PlatformChoice.Parse(text)).Error.Kind);

    private static OciDescriptor Descriptor(string platform) => platform.Split('/') is var parts
        ? new() { Platform = new() { Os = parts[0], Architecture = parts[1], Variant = parts.ElementAtOrDefault(2) } }
        : new();

    private static string? Text(OciPlatform? platform) => platform is null ? null : string.Join('/', new[] { platform.Os, platform.Architecture, platform.Variant }.OfType<string>());
}
