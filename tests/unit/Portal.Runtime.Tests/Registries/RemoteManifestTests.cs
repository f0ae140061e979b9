using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;
using Portal.Runtime.Registries;

namespace Portal.Runtime.Tests.Registries;

public sealed class RemoteManifestTests
{
    private const string Hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private const string Config = $$"""{"mediaType":"{{ImageDocument.ConfigType}}","digest":"sha256:{{Hex}}","size":2}""";
    private const string Layer = $$"""{"mediaType":"{{ImageDocument.GzipLayerType}}","digest":"sha256:{{Hex}}","size":2}""";

    [Fact]
    public void Image_WithoutItsOwnMediaType_IsWhatTheRegistryCallsIt()
    {
        var manifest = Read($$"""{"schemaVersion":2,"config":{{Config}},"layers":[{{Layer}}]}""", ImageDocument.ManifestType);

        Assert.False(manifest.IsIndex);
        Assert.Equal(Hex, Assert.Single(manifest.Image().Layers).Digest.Hex);
    }

    [Fact]
    public void Image_ServedAsJson_IsWhatItCallsItself() =>
        Assert.Equal(ImageDocument.ManifestType, Read($$"""{"schemaVersion":2,"mediaType":"{{ImageDocument.ManifestType}}","config":{{Config}},"layers":[]}""", "application/json").MediaType);

    [Theory]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[],"manifests":[]}""", ImageDocument.ManifestType, "ambiguous")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[],"manifests":[]}""", ImageDocument.IndexType, "ambiguous")]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"{{ImageDocument.IndexType}}","config":{{Config}},"layers":[]}""", ImageDocument.ManifestType, "ambiguous")]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"{{ImageDocument.DockerManifestType}}","config":{{Config}},"layers":[]}""", ImageDocument.ManifestType, "ambiguous")]
    [InlineData("""{"schemaVersion":2,"layers":[]}""", ImageDocument.ManifestType, "ambiguous")]
    [InlineData("""{"schemaVersion":2}""", ImageDocument.IndexType, "ambiguous")]
    [InlineData("""{"schemaVersion":1,"fsLayers":[]}""", "application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1 are not supported")]
    [InlineData("""{"schemaVersion":1}""", ImageDocument.ManifestType, "schema 1 are not supported")]
    [InlineData($$"""{"schemaVersion":2,"fsLayers":[],"config":{{Config}},"layers":[]}""", ImageDocument.ManifestType, "schema 1 are not supported")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[]}""", "text/html", "unsupported media type text/html")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[]}""", null, "unsupported media type")]
    [InlineData($$"""{"schemaVersion":3,"config":{{Config}},"layers":[]}""", ImageDocument.ManifestType, "schema version 3")]
    [InlineData("""{"schemaVersion":2,"schemaVersion":1}""", ImageDocument.ManifestType, "malformed")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[null]}""", ImageDocument.ManifestType, "malformed")]
    [InlineData("""{"schemaVersion":2,"manifests":[null]}""", ImageDocument.IndexType, "malformed")]
    [InlineData("<html>", ImageDocument.ManifestType, "malformed")]
    [InlineData("null", ImageDocument.ManifestType, "empty")]
    public void Manifest_ThatCanBeReadAsTwoThingsOrNone_IsRefused(string json, string? contentType, string words) =>
        Assert.Contains(words, Assert.Throws<ErrorException>(() => Read(json, contentType)).Message, StringComparison.Ordinal);

    [Fact]
    public void Layer_ThatSaysNothing_IsRefused() =>
        Assert.Contains("no sha256 digest", Assert.Throws<ErrorException>(() => Image(Config, "{}")).Message, StringComparison.Ordinal);

    [Fact]
    public void Layer_OfNoType_IsRefused() =>
        Assert.Contains("unsupported media type", Assert.Throws<ErrorException>(() => Image(Config, $$"""{"digest":"sha256:{{Hex}}","size":2}""")).Message, StringComparison.Ordinal);

    [Fact]
    public void Manifest_NestedTenThousandDeep_IsRefused() =>
        Assert.Contains("malformed", Assert.Throws<ErrorException>(() => Read("{\"x\":" + new string('[', 10_000) + new string(']', 10_000) + "}", ImageDocument.ManifestType)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "foreign")]
    [InlineData("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", "foreign")]
    [InlineData("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "unsupported media type")]
    [InlineData("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "unsupported media type")]
    public void Layer_NotOfAnImage_IsRefused(string type, string words) => Assert.Contains(
        words, Assert.Throws<ErrorException>(() => Image(Config, Layer.Replace(ImageDocument.GzipLayerType, type, StringComparison.Ordinal))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("sha256:" + Hex, "sha512:" + Hex + Hex, "no sha256 digest")]
    [InlineData("sha256:" + Hex, "sha256:../../etc/passwd", "no sha256 digest")]
    [InlineData("\"size\":2", "\"size\":-1", "makes no sense")]
    public void Descriptor_ThatMakesNoSense_IsRefused(string from, string to, string words) =>
        Assert.Contains(words, Assert.Throws<ErrorException>(() => Image(Config, Layer.Replace(from, to, StringComparison.Ordinal))).Message, StringComparison.Ordinal);

    [Fact]
    public void Image_OfTooManyLayersOrTooBigAConfiguration_IsRefused()
    {
        Assert.Contains("10000 layers, at most 127", Assert.Throws<ErrorException>(() => Image(Config, string.Join(',', Enumerable.Repeat(Layer, 10_000)))).Message, StringComparison.Ordinal);
        Assert.Contains("larger than the 4194304 bytes", Assert.Throws<ErrorException>(() => Image(Config.Replace("\"size\":2", "\"size\":10485760", StringComparison.Ordinal), Layer)).Message, StringComparison.Ordinal);
        Assert.Contains("unsupported media type application/vnd.cncf.helm.config.v1+json", Assert.Throws<ErrorException>(
            () => Image(Config.Replace(ImageDocument.ConfigType, "application/vnd.cncf.helm.config.v1+json", StringComparison.Ordinal), Layer)).Message, StringComparison.Ordinal);
    }

    private static RemoteManifest Read(string json, string? contentType) => RemoteManifest.Read(Encoding.UTF8.GetBytes(json), contentType, "x:1");

    private static (BlobDescriptor Config, IReadOnlyList<BlobDescriptor> Layers) Image(string config, string layers) =>
        Read($$"""{"schemaVersion":2,"config":{{config}},"layers":[{{layers}}]}""", ImageDocument.ManifestType).Image();
}
