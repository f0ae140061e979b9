using System.Net;
using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;
using Portal.Runtime.Registries;

namespace Portal.Runtime.Tests.Registries;

/// <summary>A registry that lies: the pull fails with what was expected and what came, nothing is tagged, nothing bad is kept.</summary>
public sealed class HostileRegistryTests : IDisposable
{
    private static readonly byte[] s_layer = FakeRegistry.Layer("content " + string.Join(' ', Enumerable.Range(0, 4000)));

    private readonly FakeRegistry _registry = new();

    public void Dispose() => _registry.Dispose();

    [Fact]
    public async Task Layer_OfOtherContent_IsNamedAndNotReused()
    {
        _registry.Add("1", s_layer);
        var wrong = (byte[])s_layer.Clone();
        wrong[^1] ^= 1;
        Serve(wrong);

        Assert.Equal($"a layer does not match its digest: expected {Digest.Of(s_layer)}, actual {Digest.Of(wrong)}", await _registry.FailAsync());
        Assert.Empty(Directory.EnumerateFiles(_registry.PartialFolder));

        _registry.Lie = _ => null;
        await _registry.PullAsync();
    }

    [Fact]
    public async Task Layer_ThatIsNoArchiveAtAll_IsToldByItsDigest()
    {
        _registry.Add("1", s_layer);
        Serve(new byte[s_layer.Length]);

        Assert.StartsWith("a layer does not match its digest", await _registry.FailAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(1000)]
    public async Task Layer_OfAnotherLength_IsRefusedBeforeItIsRead(int more)
    {
        _registry.Add("1", s_layer);
        Serve(new byte[s_layer.Length + more]);

        Assert.Equal($"the layer {Digest.Of(s_layer)} does not have its declared size: expected {s_layer.Length} bytes, actual {s_layer.Length + more}", await _registry.FailAsync());
    }

    [Fact]
    public async Task Layer_WithoutEnd_IsCutOneByteAfterItsSize()
    {
        _registry.Add("1", s_layer);
        var endless = new EndlessStream();
        _registry.Lie = request => IsBlob(request, s_layer) ? new(HttpStatusCode.OK) { Content = new StreamContent(endless) } : null;

        Assert.Contains($"actual more than {s_layer.Length}", await _registry.FailAsync(), StringComparison.Ordinal);
        Assert.True(endless.Given <= s_layer.Length + 1, $"{endless.Given} bytes were read");
    }

    [Fact]
    public async Task Layer_WhoseContentIsNotWhatTheConfigurationSays_IsRefused()
    {
        var config = Encoding.UTF8.GetBytes($$$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["{{{Digest.Of("other"u8)}}}"]}}""");
        _registry.AddWith("1", config, s_layer);

        var message = await _registry.FailAsync();

        Assert.Contains($"its image says {Digest.Of("other"u8)}", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configuration_OfAnotherImage_IsRefused()
    {
        _registry.Add("1", s_layer);
        var config = _registry.Blobs.Keys.Single(d => d != Digest.Of(s_layer));
        var other = (byte[])_registry.Blobs[config].Clone();
        other[^1] = (byte)' ';
        _registry.Lie = request => request.RequestUri!.AbsolutePath.EndsWith(config.ToString(), StringComparison.Ordinal) ? FakeRegistry.Bytes(HttpStatusCode.OK, other) : null;

        Assert.Equal($"the image's configuration does not match its digest: expected {config}, actual {Digest.Of(other)}", await _registry.FailAsync());
    }

    [Fact]
    public async Task Configuration_OfMoreLayersThanTheManifest_IsRefused()
    {
        var twice = Digest.Of("x"u8);
        _registry.AddWith("1", Encoding.UTF8.GetBytes($$$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["{{{twice}}}","{{{twice}}}"]}}"""), s_layer);

        Assert.Equal("the image's configuration names 2 layers, its manifest 1", await _registry.FailAsync());
    }

    [Fact]
    public async Task Configuration_ForAnotherSystem_IsRefused()
    {
        _registry.AddWith("1", Encoding.UTF8.GetBytes("""{"architecture":"amd64","os":"windows","rootfs":{"type":"layers","diff_ids":[]}}"""));

        Assert.Equal("image operating system \"windows\" cannot be used on this platform", await _registry.FailAsync());
    }

    [Fact]
    public async Task Manifest_ByDigest_IsThatManifestOrNone()
    {
        var digest = _registry.Add("1", s_layer);
        var (bytes, type) = _registry.Manifests["1"];
        _registry.Lie = request => request.RequestUri!.AbsolutePath.Contains("/manifests/", StringComparison.Ordinal) ? FakeRegistry.Bytes(HttpStatusCode.OK, [.. bytes, (byte)' '], type) : null;

        Assert.Contains($"expected {digest}, actual sha256:", await _registry.FailAsync($"team/app@{digest}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Manifest_WhoseHeaderLies_IsRefused()
    {
        _registry.Add("1", s_layer);
        _registry.Lie = request =>
        {
            if (!request.RequestUri!.AbsolutePath.Contains("/manifests/", StringComparison.Ordinal))
            {
                return null;
            }

            var answer = _registry.Answer(request);
            answer.Headers.Remove("Docker-Content-Digest");
            answer.Headers.Add("Docker-Content-Digest", Digest.Of("lie"u8).ToString());
            return answer;
        };

        Assert.Contains($"by the registry's own header, does not match its digest: expected {Digest.Of("lie"u8)}", await _registry.FailAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Manifest_LargerThanFourMegabytes_IsRefusedBeforeItIsRead()
    {
        var endless = new EndlessStream();
        _registry.Lie = request => request.RequestUri!.AbsolutePath.Contains("/manifests/", StringComparison.Ordinal)
            ? new(HttpStatusCode.OK) { Content = new StreamContent(endless) { Headers = { ContentType = new(ImageDocument.ManifestType) } } }
            : null;

        Assert.Contains("larger than the 4194304 bytes", await _registry.FailAsync(), StringComparison.Ordinal);
        Assert.True(endless.Given <= ImageDocument.MaximumBytes + 1, $"{endless.Given} bytes were read");
    }

    [Fact]
    public async Task Range_AnsweredWithAnotherPart_IsRefused()
    {
        _registry.Add("1", s_layer);
        await File.WriteAllBytesAsync(Path.Combine(_registry.PartialFolder, $"{Digest.Of(s_layer).Hex}-{s_layer.Length}"), s_layer[..100]);
        _registry.Lie = request =>
        {
            if (!IsBlob(request, s_layer))
            {
                return null;
            }

            var part = FakeRegistry.Bytes(HttpStatusCode.PartialContent, s_layer[50..]);
            part.Content.Headers.ContentRange = new(50, s_layer.Length - 1, s_layer.Length);
            return part;
        };

        Assert.Contains("from byte 100 on with another part of it", await _registry.FailAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Layer_ThatStalls_FailsAfterTheIdleTime()
    {
        _registry.Add("1", s_layer);
        _registry.Lie = request => IsBlob(request, s_layer) ? new(HttpStatusCode.OK) { Content = new StreamContent(new TornStream(s_layer[..10], hang: true)) } : null;

        Assert.Contains("sent next to nothing for 60 s", await _registry.FailAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Layer_ThatDrips_FailsAfterTheIdleTime()
    {
        _registry.Add("1", s_layer);
        _registry.Lie = request => IsBlob(request, s_layer) ? new(HttpStatusCode.OK) { Content = new StreamContent(new DrippingStream()) } : null;

        Assert.Contains("sent next to nothing for 60 s", await _registry.FailAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Layer_OfAByteAtATime_IsGivenUpAfterAFewTries()
    {
        _registry.Add("1", s_layer);
        _registry.Lie = request =>
        {
            if (!IsBlob(request, s_layer))
            {
                return null;
            }

            var from = request.Headers.Range?.Ranges.Single().From ?? 0;
            var answer = new HttpResponseMessage(from > 0 ? HttpStatusCode.PartialContent : HttpStatusCode.OK) { Content = new StreamContent(new TornStream(s_layer[(int)from..((int)from + 1)], hang: false)) };
            answer.Content.Headers.ContentRange = new(from, s_layer.Length - 1, s_layer.Length);
            return answer;
        };

        Assert.Contains("Get \"https://registry.example.com/v2/team/app/blobs/", await _registry.FailAsync(), StringComparison.Ordinal);
        Assert.Equal(5, _registry.CountOf(HttpMethod.Get, Digest.Of(s_layer).ToString()));
    }

    [Fact]
    public async Task Failure_WhoseWordsDoNotCome_IsToldWithoutThem()
    {
        _registry.Lie = request => request.RequestUri!.AbsolutePath.Contains("/manifests/", StringComparison.Ordinal)
            ? new(HttpStatusCode.NotFound) { Content = new StreamContent(new TornStream("{"u8.ToArray(), hang: true)) }
            : null;

        Assert.Equal("manifest for registry.example.com/team/app:1 not found: manifest unknown: manifest unknown", await _registry.FailAsync());
    }

    [Fact]
    public async Task Registry_ThatTakesNoConnection_IsToldByItsAddress()
    {
        // So .NET tells that a connection was not made in time.
        _registry.Lie = _ => throw new TaskCanceledException("The operation was canceled.", new TimeoutException("A connection could not be established within the configured ConnectTimeout."));

        Assert.Equal("Get \"https://registry.example.com/v2/\": A connection could not be established within the configured ConnectTimeout.", await _registry.FailAsync());
    }

    [Fact]
    public async Task Registry_ThatFailsAgainAndAgain_IsAskedAFewTimes()
    {
        _registry.Add("1", s_layer);
        _registry.Lie = request => IsBlob(request, s_layer) ? new(HttpStatusCode.ServiceUnavailable) { Content = new ByteArrayContent([]) } : null;

        Assert.Equal("received unexpected HTTP status: 503", await _registry.FailAsync());
        Assert.Equal(5, _registry.CountOf(HttpMethod.Get, Digest.Of(s_layer).ToString()));
    }

    [Theory]
    [InlineData("http://elsewhere.example.com/blob", "from HTTPS to plain HTTP")]
    [InlineData("ftp://elsewhere.example.com/blob", "redirects to the scheme \"ftp\"")]
    [InlineData("file:///etc/passwd", "redirects to the scheme \"file\"")]
    [InlineData("https://127.0.0.1/blob", "the registry sends us to 127.0.0.1")]
    [InlineData("https://169.254.169.254/latest/meta-data", "the registry sends us to 169.254.169.254")]
    [InlineData("https://[::1]/blob", "the registry sends us to ::1")]
    [InlineData("https://elsewhere.example.com/loop", "redirects more than 5 times")]
    public async Task Redirect_ToWhereItMustNot_IsNotFollowed(string location, string words)
    {
        _registry.Add("1", s_layer);
        _registry.Lie = request => IsBlob(request, s_layer) || request.RequestUri!.Host == "elsewhere.example.com" ? FakeRegistry.Redirect(location) : null;

        Assert.Contains(words, await _registry.FailAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirect_ToAnotherHost_IsFollowedAsNobody()
    {
        _registry.Add("1", s_layer);
        _registry.Lie = request => request.Headers.Authorization is null && request.RequestUri!.Host == FakeRegistry.Domain
            ? new(HttpStatusCode.Unauthorized) { Headers = { { "WWW-Authenticate", "Basic realm=\"x\"" } }, Content = new ByteArrayContent([]) }
            : IsBlob(request, s_layer) && request.RequestUri!.Host == FakeRegistry.Domain ? FakeRegistry.Redirect($"https://storage.example.org/blobs/{Digest.Of(s_layer)}")
            : null;

        await _registry.PullAsync(credentials: new Somebody());

        var elsewhere = Assert.Single(_registry.Requests, r => r.RequestUri!.Host == "storage.example.org");
        Assert.Null(elsewhere.Headers.Authorization);
        Assert.Contains(_registry.Requests, r => r.Headers.Authorization?.Scheme == "Basic");
    }

    private void Serve(byte[] content) => _registry.Lie = request => IsBlob(request, s_layer) ? FakeRegistry.Bytes(HttpStatusCode.OK, content) : null;

    private static bool IsBlob(HttpRequestMessage request, byte[] blob) =>
        request.RequestUri!.Host == FakeRegistry.Domain && request.RequestUri.AbsolutePath.EndsWith($"/blobs/{Digest.Of(blob)}", StringComparison.Ordinal);

    /// <summary>Gives and gives.</summary>
    private sealed class EndlessStream : MemoryStream
    {
        public long Given { get; private set; }

        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill((byte)' ');
            Given += buffer.Length;
            return new(buffer.Length);
        }
    }

    /// <summary>Gives a byte now and then.</summary>
    private sealed class DrippingStream : MemoryStream
    {
        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(10, cancellationToken);
            buffer.Span[0] = 0;
            return 1;
        }
    }
}
