using System.Net;
using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;
using Portal.Runtime.Registries;

namespace Portal.Runtime.Tests.Registries;

public sealed class PullTests : IDisposable
{
    private static readonly byte[][] s_layers = [.. Enumerable.Range(0, 6).Select(i => FakeRegistry.Layer($"layer {i} {string.Join(' ', Enumerable.Range(i, 5000))}"))];

    private readonly FakeRegistry _registry = new();

    public void Dispose() => _registry.Dispose();

    [Fact]
    public async Task Pull_Image_IsHereWithTagAndDigestInDockersWords()
    {
        var digest = _registry.Add("1", s_layers);

        var id = await _registry.PullAsync();

        var image = _registry.Store.Resolve($"{FakeRegistry.Domain}/team/app:1");
        Assert.Equal(id, image.Id);
        Assert.Equal([$"{FakeRegistry.Domain}/team/app@{digest}"], image.RepoDigests);
        Assert.Equal(id, _registry.Store.Resolve($"{FakeRegistry.Domain}/team/app@{digest}").Id);
        var lines = _registry.Lines.ToArray();
        Assert.Equal(new("1", "Pulling from team/app"), lines[0]);
        Assert.Equal(new("", $"Digest: {digest}"), lines[^2]);
        Assert.Equal(new("", $"Status: Downloaded newer image for {FakeRegistry.Domain}/team/app:1"), lines[^1]);
        Assert.Equal(6, lines.Count(l => l.Status == "Pull complete"));
        Assert.All(s_layers, l => Assert.Contains(lines, line => line.Id == Digest.Of(l).Hex[..12] && line.Status == "Pulling fs layer"));
        var told = Assert.Single(_registry.Events);
        Assert.Equal(("image", "pull", $"{FakeRegistry.Domain}/team/app:1", "v"), (told.Type, told.Action, told.ActorId, told.Attributes["k"]));
        Assert.Empty(Directory.EnumerateFiles(_registry.PartialFolder));
    }

    [Fact]
    public async Task Pull_Again_AsksOnlyWhatTheTagMeans()
    {
        _registry.Add("1", s_layers);
        await _registry.PullAsync();
        _registry.Requests.Clear();
        _registry.Lines.Clear();

        await _registry.PullAsync();

        Assert.Equal(["GET /v2/", "HEAD /v2/team/app/manifests/1"], _registry.Requests.Select(r => $"{r.Method} {r.RequestUri!.AbsolutePath}"));
        Assert.Equal("Status: Image is up to date for registry.example.com/team/app:1", _registry.Lines.Last().Status);
    }

    [Fact]
    public async Task Pull_OfANewerImage_LeavesTheOldOneWithItsDigestAndSharesLayers()
    {
        var old = _registry.Add("1", s_layers[..5]);
        var before = await _registry.PullAsync();
        _registry.Add("1", s_layers);
        _registry.Requests.Clear();

        var after = await _registry.PullAsync();

        Assert.NotEqual(before, after);
        Assert.Equal([$"{FakeRegistry.Domain}/team/app@{old}"], _registry.Store.Resolve(before.ToString()).RepoDigests);
        Assert.Empty(_registry.Store.Resolve(before.ToString()).Tags);
        // The configuration and the one layer that was not here.
        Assert.Equal(2, _registry.CountOf(HttpMethod.Get, "/blobs/"));
        Assert.Equal(5, _registry.Lines.Count(l => l.Status == "Already exists"));
    }

    [Fact]
    public async Task Pull_OfALayerWhoseFilesAreHere_IsCompleteOnceItsArchiveIs()
    {
        using (var plain = Portal.Runtime.Tar.Compression.Unpack(new MemoryStream(s_layers[0])))
        {
            await _registry.Store.ImportAsync(plain, "here", null, new(), "", default);
        }

        _registry.Add("1", s_layers[0]);
        await _registry.PullAsync();

        Assert.Equal(["Download complete", "Pull complete"], _registry.Lines.Where(l => l.Id == Digest.Of(s_layers[0]).Hex[..12]).Select(l => l.Status).Where(s => s.EndsWith("complete", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Pull_ByDigest_HasNoTag()
    {
        var digest = _registry.Add("1", s_layers[..1]);

        var id = await _registry.PullAsync($"team/app@{digest}");

        Assert.Empty(_registry.Store.Resolve(id.ToString()).Tags);
        Assert.Equal(id, _registry.Store.Resolve($"{FakeRegistry.Domain}/team/app@{digest}").Id);
    }

    [Fact]
    public async Task Pull_AllTags_BringsEachOnce()
    {
        _registry.Add("a", s_layers[..1]);
        _registry.Add("b", s_layers[..2]);

        await _registry.Registries.PullAsync(new(ImageReference.Parse($"{FakeRegistry.Domain}/team/app", null), AllTags: true, null, null), _registry, default);

        Assert.Equal(["registry.example.com/team/app:a", "registry.example.com/team/app:b"], _registry.Store.List().SelectMany(i => i.Tags).Order());
        Assert.Equal(s_layers[..2].Length + 2, _registry.CountOf(HttpMethod.Get, "/blobs/"));
    }

    [Fact]
    public async Task Pull_OfAnIndex_TakesTheManifestOfThePlatformAndKeepsTheDigestOfTheIndex()
    {
        var manifest = _registry.Add("inner", s_layers[..1]);
        var other = _registry.Add("other", s_layers[1..2]);
        var index = _registry.AddManifest("1", Index(Entry(other, "arm64"), Entry(manifest, "amd64")), ImageDocument.IndexType);

        var id = await _registry.PullAsync();

        Assert.Equal([$"{FakeRegistry.Domain}/team/app@{index}"], _registry.Store.Resolve(id.ToString()).RepoDigests);
        Assert.NotEqual(id, await _registry.PullAsync(platform: "linux/arm64"));
        Assert.Equal("no matching manifest for linux/s390x in the manifest list entries", (await Assert.ThrowsAsync<ErrorException>(() => _registry.PullAsync(platform: "linux/s390x"))).Message);
    }

    [Fact]
    public async Task Pull_OfIndexesInIndexes_EndsAtFive()
    {
        var inner = _registry.Add("inner", s_layers[..1]);
        for (var i = 0; i < 6; i++)
        {
            inner = _registry.AddManifest("1", Index(Entry(inner, "amd64")), ImageDocument.IndexType);
        }

        Assert.Contains("nested more than 5 deep", await _registry.FailAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pull_OfAnUnknownTag_SaysSoInDockersWords()
    {
        var error = await Assert.ThrowsAsync<ErrorException>(() => _registry.PullAsync("team/app:no"));

        Assert.Equal((ErrorKind.NotFound, "manifest for registry.example.com/team/app:no not found: manifest unknown: manifest unknown"), (error.Error.Kind, error.Message));
        Assert.Empty(_registry.Lines);
    }

    [Fact]
    public async Task Pull_TwoOfOneImageAtOnce_ShareTheWork()
    {
        _registry.Add("1", s_layers);
        _registry.Add("2", s_layers[..5]);
        using var slow = new ManualResetEventSlim();
        _registry.Lie = request =>
        {
            if (request.RequestUri!.AbsolutePath.Contains("/blobs/", StringComparison.Ordinal) && _registry.CountOf(HttpMethod.Get, "/manifests/") < 2)
            {
                slow.Wait(TimeSpan.FromMilliseconds(300));
            }

            return null;
        };

        var ids = await Task.WhenAll(_registry.PullAsync(), _registry.PullAsync("team/app:2"));

        Assert.NotEqual(ids[0], ids[1]);
        Assert.All(s_layers, l => Assert.Equal(1, _registry.CountOf(HttpMethod.Get, $"/blobs/{Digest.Of(l)}")));
        // Removing the one keeps what the other needs.
        await _registry.Store.RemoveAsync(ids[0].ToString(), force: true, noPrune: false, default);
        Assert.Equal(ids[1], _registry.Store.Resolve("registry.example.com/team/app:2").Id);
        Assert.Equal(5 + 2, _registry.Store.Content.List().Count());
    }

    [Fact]
    public async Task Pull_OfAnUnknownRepository_SaysSoInDockersWords()
    {
        _registry.Lie = request => request.RequestUri!.AbsolutePath.Contains("/manifests/", StringComparison.Ordinal)
            ? FakeRegistry.Text(HttpStatusCode.NotFound, """{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known to registry"}]}""")
            : null;

        var error = await Assert.ThrowsAsync<ErrorException>(() => _registry.PullAsync());

        Assert.Equal((ErrorKind.NotFound, "repository registry.example.com/team/app not found: name unknown: repository name not known to registry"), (error.Error.Kind, error.Message));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pull_WhoseConnectionBreaks_GoesOnWhereItBroke(bool isCutWithinTls)
    {
        _registry.Add("1", s_layers[..1]);
        var size = s_layers[0].Length;
        var end = isCutWithinTls ? new IOException("Received an unexpected EOF or 0 bytes from the transport stream.") : null;
        _registry.Lie = request => IsLayer(request) && request.Headers.Range is null ? Cut(size / 2, size, end: end) : null;

        await _registry.PullAsync();

        Assert.Equal([null, $"bytes={size / 2}-"], _registry.Requests.Where(IsLayer).Select(r => r.Headers.Range?.ToString()));
        Assert.Contains(_registry.Lines, l => l.Status == "Retrying in 1 second");
    }

    [Fact]
    public async Task Pull_AfterACrash_GoesOnWithWhatIsThere()
    {
        _registry.Add("1", s_layers[..1]);
        var size = s_layers[0].Length;
        await File.WriteAllBytesAsync(Path.Combine(_registry.PartialFolder, $"{Digest.Of(s_layers[0]).Hex}-{size}"), s_layers[0][..100]);

        await _registry.PullAsync();

        Assert.Equal(["bytes=100-"], _registry.Requests.Where(IsLayer).Select(r => r.Headers.Range?.ToString()));
    }

    [Fact]
    public async Task Pull_AfterACrashThatDamagedWhatIsThere_BeginsAgain()
    {
        _registry.Add("1", s_layers[..1]);
        var size = s_layers[0].Length;
        await File.WriteAllBytesAsync(Path.Combine(_registry.PartialFolder, $"{Digest.Of(s_layers[0]).Hex}-{size}"), new byte[100]);

        await _registry.PullAsync();

        Assert.Equal(["bytes=100-", null], _registry.Requests.Where(IsLayer).Select(r => r.Headers.Range?.ToString()));
        Assert.Empty(Directory.EnumerateFiles(_registry.PartialFolder));
    }

    [Fact]
    public async Task Pull_FromARegistryWithoutRanges_BeginsAgain()
    {
        _registry.Add("1", s_layers[..1]);
        var size = s_layers[0].Length;
        var isFirst = true;
        _registry.Lie = request =>
        {
            if (!IsLayer(request))
            {
                return null;
            }

            var answer = isFirst ? Cut(size / 2, size) : FakeRegistry.Bytes(HttpStatusCode.OK, s_layers[0]);
            isFirst = false;
            return answer;
        };

        var id = await _registry.PullAsync();

        Assert.Single(_registry.Store.Resolve(id.ToString()).DiffIds);
    }

    [Fact]
    public async Task Pull_GivenUp_KeepsWhatCameForAWhile()
    {
        _registry.Add("1", s_layers[..1]);
        var size = s_layers[0].Length;
        _registry.Lie = request => IsLayer(request) ? Cut(size / 2, size, hang: true) : null;
        using var patience = new CancellationTokenSource();
        var pull = _registry.Registries.PullAsync(
            new(ImageReference.Parse($"{FakeRegistry.Domain}/team/app:1", null), AllTags: false, "linux/amd64", null), _registry, patience.Token);
        while (!pull.IsCompleted && !Directory.GetFiles(_registry.PartialFolder).Any(f => new FileInfo(f).Length == size / 2))
        {
            await Task.Delay(1);
        }

        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pull);

        Assert.Empty(_registry.Store.List());
        _registry.Lie = _ => null;
        await _registry.PullAsync();
        Assert.Equal($"bytes={size / 2}-", _registry.Requests.Last(IsLayer).Headers.Range?.ToString());
    }

    private static bool IsLayer(HttpRequestMessage request) => request.RequestUri!.AbsolutePath.EndsWith($"/blobs/{Digest.Of(s_layers[0])}", StringComparison.Ordinal);

    private static HttpResponseMessage Cut(int length, int announced, bool hang = false, Exception? end = null)
    {
        var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new TornStream(s_layers[0][..length], hang, end)) };
        response.Content.Headers.ContentLength = announced;
        return response;
    }

    private static string Entry(Digest manifest, string architecture, string type = ImageDocument.ManifestType) =>
        $$$"""{"mediaType":"{{{type}}}","digest":"{{{manifest}}}","size":#SIZE:{{{manifest}}}#,"platform":{"architecture":"{{{architecture}}}","os":"linux"}}""";

    private byte[] Index(params string[] entries)
    {
        var text = $$"""{"schemaVersion":2,"mediaType":"{{ImageDocument.IndexType}}","manifests":[{{string.Join(',', entries)}}]}""";
        foreach (var (name, manifest) in _registry.Manifests.Where(m => m.Key.StartsWith("sha256:", StringComparison.Ordinal)))
        {
            var entry = $"#SIZE:{name}#";
            if (text.Contains(entry, StringComparison.Ordinal))
            {
                text = text.Replace($"\"mediaType\":\"{ImageDocument.ManifestType}\",\"digest\":\"{name}\"", $"\"mediaType\":\"{manifest.Type}\",\"digest\":\"{name}\"", StringComparison.Ordinal)
                    .Replace(entry, manifest.Bytes.Length.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
            }
        }

        return Encoding.UTF8.GetBytes(text);
    }
}

/// <summary>Content that breaks off, or stops coming.</summary>
internal sealed class TornStream(byte[] content, bool hang, Exception? end = null) : MemoryStream(content)
{
    public override bool CanSeek => false;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = Read(buffer.Span);
        if (count == 0)
        {
            await Task.Delay(hang ? Timeout.Infinite : 0, cancellationToken);
            throw end ?? new HttpIOException(HttpRequestError.ResponseEnded);
        }

        return count;
    }
}
