using System.Net;
using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;
using Portal.Runtime.Tests.Tar;

namespace Portal.Runtime.Tests.Registries;

public sealed class PushTests : IDisposable
{
    private static readonly byte[] s_layer = FakeRegistry.Layer("content");

    private readonly FakeRegistry _registry = new();

    public void Dispose() => _registry.Dispose();

    [Fact]
    public async Task Push_OfAPulledImage_IsTheSameManifestAndSendsNothingTwice()
    {
        var digest = _registry.Add("1", s_layer);
        await _registry.PullAsync();
        await _registry.Store.TagAsync($"{FakeRegistry.Domain}/team/app:1", $"{FakeRegistry.Domain}/team/app", "2", default);

        var pushed = await PushAsync("team/app:2");

        Assert.Equal(("2", digest), (pushed.Tag, pushed.Digest));
        Assert.Equal(digest, Digest.Of(_registry.Manifests["2"].Bytes));
        Assert.Contains(_registry.Lines, l => l.Status == "Layer already exists");
        Assert.Equal($"2: digest: {digest} size: {pushed.Size}", _registry.Lines.Last().Status);
        Assert.Equal(0, _registry.CountOf(HttpMethod.Post, "/blobs/uploads/"));
        Assert.Equal("push", _registry.Events.Last().Action);
    }

    [Fact]
    public async Task Push_ToAnotherRepositoryOfTheRegistry_TakesTheLayerFromTheFirst()
    {
        _registry.Add("1", s_layer);
        await _registry.PullAsync();
        await _registry.Store.TagAsync($"{FakeRegistry.Domain}/team/app:1", $"{FakeRegistry.Domain}/other/app", "1", default);
        _registry.Lie = request => request.Method == HttpMethod.Head ? new(HttpStatusCode.NotFound) { Content = new ByteArrayContent([]) } : null;

        await PushAsync("other/app:1");

        Assert.Contains(_registry.Lines, l => l.Status == "Mounted from team/app");
        Assert.Equal(1, _registry.CountOf(HttpMethod.Post, $"mount={Uri.EscapeDataString(Digest.Of(s_layer).ToString())}&from=team%2Fapp"));
    }

    [Fact]
    public async Task Push_OfAPlainLayer_PacksItAlwaysToTheSame()
    {
        var image = await ImportAsync("team/plain", new string('x', 3_000_000));

        var first = await PushAsync("team/plain:latest");
        _registry.Requests.Clear();
        var second = await PushAsync("team/plain:latest");

        Assert.Equal(first.Digest, second.Digest);
        Assert.Equal(0, _registry.CountOf(HttpMethod.Post, "/blobs/uploads/"));
        Assert.Equal([$"{FakeRegistry.Domain}/team/plain@{first.Digest}"], _registry.Store.Resolve(image.Id.ToString()).RepoDigests);
        Assert.Contains("tar+gzip", Encoding.UTF8.GetString(_registry.Manifests["latest"].Bytes), StringComparison.Ordinal);

        // And what was pushed is what comes back.
        using var other = new FakeRegistry();
        foreach (var (name, manifest) in _registry.Manifests)
        {
            other.Manifests[name] = manifest;
        }

        foreach (var (digest, blob) in _registry.Blobs)
        {
            other.Blobs[digest] = blob;
        }

        Assert.Equal(image.Id, await other.PullAsync("team/plain:latest"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Push_ThatBreaksOffBetweenChunks_GoesOnWhereItBroke(bool tellsHowFarItIs)
    {
        await ImportAsync("team/large", LargeContent());
        var patches = 0;
        _registry.Lie = request => request.Method == HttpMethod.Post && request.RequestUri!.AbsolutePath.EndsWith("/uploads/", StringComparison.Ordinal) ? Chunked(_registry.Answer(request))
            : request.Method == HttpMethod.Patch && ++patches == 2 ? new(HttpStatusCode.BadGateway) { Content = new ByteArrayContent([]) }
            : request.Method == HttpMethod.Get && request.RequestUri!.AbsolutePath.Contains("/uploads/", StringComparison.Ordinal) && !tellsHowFarItIs ? new(HttpStatusCode.NotFound) { Content = new ByteArrayContent([]) }
            : null;

        await PushAsync("team/large:latest");

        var from = _registry.Requests.Where(r => r.Method == HttpMethod.Patch).Select(r => r.Content!.Headers.NonValidated["Content-Range"].ToString().Split('-')[0]);
        Assert.Equal(tellsHowFarItIs ? ["0", "8388608", "8388608"] : ["0", "8388608", "0", "8388608"], from);

        static HttpResponseMessage Chunked(HttpResponseMessage answer)
        {
            answer.Headers.Add("OCI-Chunk-Min-Length", "65536");
            return answer;
        }
    }

    [Fact]
    public async Task Push_OfALargeLayer_GoesInOnePieceOrInChunksWhereTheRegistryTakesNoMore()
    {
        await ImportAsync("team/large", LargeContent());
        _registry.Lie = request => request.Method == HttpMethod.Patch && request.Content!.Headers.ContentLength > 9_000_000 ? new(HttpStatusCode.RequestEntityTooLarge) { Content = new ByteArrayContent([]) } : null;

        await PushAsync("team/large:latest");

        var ranges = _registry.Requests.Where(r => r.Method == HttpMethod.Patch).Select(r => r.Content!.Headers.NonValidated.TryGetValues("Content-Range", out var range) ? range.ToString() : null).ToArray();
        Assert.Null(ranges[0]);
        Assert.Equal("0-8388607", ranges[1]);
        Assert.StartsWith("8388608-", ranges[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_ThatFailsOnce_IsTriedAgain()
    {
        await ImportAsync("team/plain", "x");
        var isFirst = true;
        _registry.Lie = request =>
        {
            if (request.Method != HttpMethod.Put || !isFirst)
            {
                return null;
            }

            isFirst = false;
            return new(HttpStatusCode.BadGateway) { Content = new ByteArrayContent([]) };
        };

        await PushAsync("team/plain:latest");

        Assert.Contains(_registry.Lines, l => l.Status == "Retrying in 1 second");
    }

    [Fact]
    public async Task Push_OfWhatIsNotHere_SaysSoAfterTheFirstLine()
    {
        var error = await Assert.ThrowsAsync<ErrorException>(() => PushAsync("team/none:latest"));

        Assert.Equal("An image does not exist locally with the tag: registry.example.com/team/none", error.Message);
        Assert.Equal("The push refers to repository [registry.example.com/team/none]", Assert.Single(_registry.Lines).Status);
    }

    [Fact]
    public async Task Push_ThatIsNotAllowed_IsForbidden()
    {
        await ImportAsync("team/plain", "x");
        _registry.Lie = request => request.RequestUri!.AbsolutePath == "/v2/" ? null
            : FakeRegistry.Text(HttpStatusCode.Forbidden, """{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}""");

        var error = await Assert.ThrowsAsync<ErrorException>(() => PushAsync("team/plain:latest"));

        Assert.Equal((ErrorKind.Forbidden, "denied: requested access to the resource is denied"), (error.Error.Kind, error.Message));
    }

    [Fact]
    public async Task Push_WhoseUploadIsRedirected_IsRefused()
    {
        await ImportAsync("team/plain", "x");
        _registry.Lie = request => request.Method == HttpMethod.Post ? FakeRegistry.Redirect("https://elsewhere.example.com/") : null;

        Assert.Contains("redirects a request that is not a mere question", (await Assert.ThrowsAsync<ErrorException>(() => PushAsync("team/plain:latest"))).Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_registry.Requests, r => r.RequestUri!.Host == "elsewhere.example.com");
    }

    /// <summary>Random, so that it stays large.</summary>
    private static string LargeContent()
    {
        var random = new byte[9_000_000];
        new Random(1).NextBytes(random);
        return Convert.ToHexString(random);
    }

    private Task<ImageSnapshot> ImportAsync(string repository, string content) =>
        _registry.Store.ImportAsync(new TarBuilder().File("file", content).Build(), $"{FakeRegistry.Domain}/{repository}", null, new(), "", default);

    private async Task<Runtime.Registries.PushedImage> PushAsync(string reference) => Assert.Single(
        await _registry.Registries.PushAsync(new(ImageReference.Parse($"{FakeRegistry.Domain}/{reference}", null), AllTags: false, null, null), _registry, default));
}
