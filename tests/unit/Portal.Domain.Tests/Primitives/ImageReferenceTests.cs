using Portal.Domain.Primitives;

namespace Portal.Domain.Tests.Primitives;

public sealed class ImageReferenceTests
{
    private const string Hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("busybox", "docker.io/library/busybox", "busybox")]
    [InlineData("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36")]
    [InlineData("docker.io/busybox", "docker.io/library/busybox", "busybox")]
    [InlineData("index.docker.io/library/busybox", "docker.io/library/busybox", "busybox")]
    [InlineData("team/app", "docker.io/team/app", "team/app")]
    [InlineData("library/a/b", "docker.io/library/a/b", "library/a/b")]
    [InlineData("docker.io/looks.like/host", "docker.io/looks.like/host", "docker.io/looks.like/host")]
    [InlineData("docker.io/" + Hex, "docker.io/library/" + Hex, "library/" + Hex)]
    [InlineData("docker.io/localhost/app", "docker.io/localhost/app", "docker.io/localhost/app")]
    [InlineData("localhost/app", "localhost/app", "localhost/app")]
    [InlineData("localhost:5000/app:x", "localhost:5000/app:x", "localhost:5000/app:x")]
    [InlineData("127.0.0.1:5000/x/im1", "127.0.0.1:5000/x/im1", "127.0.0.1:5000/x/im1")]
    [InlineData("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app")]
    [InlineData("ghcr.io/a/b__c/d--e.f_g", "ghcr.io/a/b__c/d--e.f_g", "ghcr.io/a/b__c/d--e.f_g")]
    [InlineData("HOST/app", "HOST/app", "HOST/app")]
    [InlineData("localhost:5000", "docker.io/library/localhost:5000", "localhost:5000")]
    [InlineData("app@sha256:" + Hex, "docker.io/library/app@sha256:" + Hex, "app@sha256:" + Hex)]
    [InlineData("app:v1@sha256:" + Hex, "docker.io/library/app:v1@sha256:" + Hex, "app:v1@sha256:" + Hex)]
    public void Parse_LegalName_HasBothForms(string text, string normalised, string familiar)
    {
        var reference = ImageReference.Parse(text, null);

        Assert.Equal(normalised, reference.ToString());
        Assert.Equal(familiar, reference.Familiar);
        Assert.Equal(reference, ImageReference.Parse(normalised, null));
        Assert.Equal(reference, ImageReference.Parse(familiar, null));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("a/")]
    [InlineData("/a")]
    [InlineData("a//b")]
    [InlineData("a:")]
    [InlineData("a:-x")]
    [InlineData("a: b")]
    [InlineData("a@sha256:12")]
    [InlineData("a@")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("a___b")]
    [InlineData("a..b")]
    [InlineData("../a")]
    [InlineData("a/../b")]
    [InlineData("host.:5000/a")]
    [InlineData("host.com:port/a")]
    [InlineData("-h.com/a")]
    [InlineData("a\nb")]
    [InlineData("ä")]
    [InlineData(Hex)]
    public void Parse_IllegalName_IsRefused(string text) => Assert.False(ImageReference.TryParse(text, null, out _));

    [Fact]
    public void Parse_UpperCaseRepository_SaysWhatToChange()
    {
        Assert.False(ImageReference.TryParse("Busybox", out _, out var problem));
        Assert.Equal("invalid reference format: repository name (Busybox) must be lowercase", problem);
    }

    [Theory]
    [InlineData(128, true)]
    [InlineData(129, false)]
    public void Parse_TagLength_IsLimited(int length, bool legal) =>
        Assert.Equal(legal, ImageReference.TryParse("a:" + new string('t', length), null, out _));

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public void Parse_PathLength_IsLimited(int length, bool legal) =>
        Assert.Equal(legal, ImageReference.TryParse("h.com/" + new string('p', length), null, out _));

    [Fact]
    public void WithDefaultTag_OnlyWhereNothingIsGiven()
    {
        Assert.Equal("busybox:latest", ImageReference.Parse("busybox", null).WithDefaultTag().Familiar);
        Assert.Equal("busybox:1", ImageReference.Parse("busybox:1", null).WithDefaultTag().Familiar);
        Assert.Null(ImageReference.Parse("busybox@sha256:" + Hex, null).WithDefaultTag().Tag);
    }
}
