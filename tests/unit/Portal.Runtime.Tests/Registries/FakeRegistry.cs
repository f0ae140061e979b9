using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Primitives;
using Portal.Runtime.Events;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Registries;
using Portal.Runtime.Tests.Tar;

namespace Portal.Runtime.Tests.Registries;

/// <summary>A registry in memory, honest unless told otherwise, and a store that pulls from it. Its time goes a hundred times as fast.</summary>
internal sealed class FakeRegistry : HttpMessageHandler, IRegistryTransport, IRuntimeEvents, IImageUsage, IProgress<TransferProgress>
{
    public const string Domain = "registry.example.com";

    private readonly BlobDownloads _downloads;
    private readonly ImagePusher _pusher;

    public FakeRegistry(string? root = null, TimeProvider? time = null)
    {
        Root = root ?? Directory.CreateTempSubdirectory("portal-").FullName;
        time ??= new HurriedTime();
        Store = new(new() { DataRoot = Root }, new OverlayLayerStore(Root, privileged: false, NullLogger.Instance), this, () => this, TimeProvider.System, NullLogger<ImageStore>.Instance);
        _downloads = new(Store.Content, Settings, time, NullLogger<BlobDownloads>.Instance);
        _pusher = new(Store, Store.Content, new(Store.Content), Settings, NullLogger<ImagePusher>.Instance);
        Registries = new(
            Store, new(Store, Store.Content, _downloads, NullLogger<ImagePuller>.Instance), _pusher, Settings, this, new(TimeProvider.System), time, NullLogger<RemoteRegistries>.Instance);
    }

    public string Root { get; }

    public RegistrySettings Settings { get; } = new();

    public ImageStore Store { get; }

    public RemoteRegistries Registries { get; }

    public ConcurrentDictionary<string, (byte[] Bytes, string Type)> Manifests { get; } = new();

    public ConcurrentDictionary<Digest, byte[]> Blobs { get; } = new();

    /// <summary>Asked first; null for the honest answer.</summary>
    public Func<HttpRequestMessage, HttpResponseMessage?> Lie { get; set; } = _ => null;

    public ConcurrentQueue<HttpRequestMessage> Requests { get; } = new();

    public ConcurrentQueue<TransferProgress> Lines { get; } = new();

    public ConcurrentQueue<RuntimeEvent> Events { get; } = new();

    public string PartialFolder => Store.Content.PartialFolder;

    /// <summary>Puts an image of these layers there under a tag.</summary>
    public Digest Add(string tag, params byte[][] layers)
    {
        var diffIds = layers.Select(l => Digest.Of(Plain(l)));
        var config = Encoding.UTF8.GetBytes($$$"""{"architecture":"amd64","os":"linux","config":{"Labels":{"k":"v"}},"rootfs":{"type":"layers","diff_ids":[{{{string.Join(',', diffIds.Select(d => $"\"{d}\""))}}}]}}""");
        return AddWith(tag, config, layers);
    }

    public Digest AddWith(string tag, byte[] config, params byte[][] layers)
    {
        var manifest = ImageDocument.Manifest(AddBlob(config), config.Length, layers.Select(l => (AddBlob(l), (long)l.Length, Portal.Runtime.Tar.Packing.Gzip)));
        return AddManifest(tag, manifest, ImageDocument.ManifestType);
    }

    public Digest AddManifest(string tag, byte[] manifest, string type)
    {
        var digest = Digest.Of(manifest);
        Manifests[tag] = Manifests[digest.ToString()] = (manifest, type);
        return digest;
    }

    public static byte[] Layer(string content)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            new TarBuilder().File("file-" + Digest.Of(Encoding.UTF8.GetBytes(content)).Hex[..8], content).Build().CopyTo(gzip);
        }

        return packed.ToArray();
    }

    public Task<Digest> PullAsync(string reference = "team/app:1", IRegistryCredentials? credentials = null, string? platform = "linux/amd64") =>
        Registries.PullAsync(new(ImageReference.Parse($"{Domain}/{reference}", null), AllTags: false, platform, credentials), this, TestContext.Current.CancellationToken);

    /// <summary>A pull that must fail and leave nothing.</summary>
    public async Task<string> FailAsync(string reference = "team/app:1", IRegistryCredentials? credentials = null)
    {
        var error = await Assert.ThrowsAsync<ErrorException>(() => PullAsync(reference, credentials));
        Assert.Empty(Store.List());
        Assert.Empty(Store.Content.List());
        return error.Message;
    }

    public int CountOf(HttpMethod method, string part) => Requests.Count(r => r.Method == method && r.RequestUri!.PathAndQuery.Contains(part, StringComparison.Ordinal));

    HttpMessageHandler IRegistryTransport.Open(Uri origin, bool anyCertificate, Func<IPAddress, bool>? admits, Action<IPAddress>? connected)
    {
        connected?.Invoke(IPAddress.Parse("203.0.113.7"));
        return new Guard(this, admits, origin);
    }

    public void Publish(RuntimeEvent item) => Events.Enqueue(item);

    public IAsyncEnumerable<RuntimeEvent> ReadAsync(DateTimeOffset? since, DateTimeOffset? until, CancellationToken ct) => throw new NotSupportedException();

    public IReadOnlyList<ImageUser> UsersOf(Digest imageId) => [];

    public void Report(TransferProgress value) => Lines.Enqueue(value);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Store.Dispose();
            _downloads.Dispose();
            _pusher.Dispose();
            DirectoryTree.Delete(Root);
        }

        base.Dispose(disposing);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        Requests.Enqueue(request);
        var response = Lie(request) ?? Answer(request, body);
        response.RequestMessage = request;
        return response;
    }

    public HttpResponseMessage Answer(HttpRequestMessage request, byte[]? body = null)
    {
        var path = request.RequestUri!.AbsolutePath;
        var last = path[(path.LastIndexOf('/') + 1)..];
        if (path == "/v2/")
        {
            return Text(HttpStatusCode.OK, "{}");
        }

        if (path.EndsWith("/tags/list", StringComparison.Ordinal))
        {
            return Text(HttpStatusCode.OK, $$"""{"tags":[{{string.Join(',', Manifests.Keys.Where(k => !k.StartsWith("sha256:", StringComparison.Ordinal)).Order().Select(t => $"\"{t}\""))}}]}""");
        }

        if (path.Contains("/manifests/", StringComparison.Ordinal))
        {
            if (request.Method == HttpMethod.Put)
            {
                AddManifest(last, body!, request.Content!.Headers.ContentType!.MediaType!);
                return new(HttpStatusCode.Created);
            }

            if (Manifests.TryGetValue(last, out var manifest))
            {
                var found = Bytes(HttpStatusCode.OK, manifest.Bytes, manifest.Type);
                found.Headers.Add("Docker-Content-Digest", Digest.Of(manifest.Bytes).ToString());
                return found;
            }

            return Text(HttpStatusCode.NotFound, """{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}""");
        }

        if (path.Contains("/blobs/uploads/", StringComparison.Ordinal))
        {
            return Upload(request, body!);
        }

        if (!Digest.TryParse(last, null, out var digest) || !Blobs.TryGetValue(digest, out var blob))
        {
            return Text(HttpStatusCode.NotFound, """{"errors":[{"code":"BLOB_UNKNOWN"}]}""");
        }

        if (request.Headers.Range?.Ranges.Single().From is { } from)
        {
            var part = Bytes(HttpStatusCode.PartialContent, blob[(int)from..]);
            part.Content.Headers.ContentRange = new(from, blob.Length - 1, blob.Length);
            return part;
        }

        return Bytes(HttpStatusCode.OK, blob);
    }

    public static HttpResponseMessage Bytes(HttpStatusCode status, byte[] bytes, string type = "application/octet-stream") =>
        new(status) { Content = new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(type) } } };

    public static HttpResponseMessage Text(HttpStatusCode status, string json) => Bytes(status, Encoding.UTF8.GetBytes(json), "application/json");

    public static HttpResponseMessage Redirect(string location) => new(HttpStatusCode.TemporaryRedirect) { Headers = { Location = new Uri(location, UriKind.RelativeOrAbsolute) } };

    private Digest AddBlob(byte[] blob)
    {
        var digest = Digest.Of(blob);
        Blobs[digest] = blob;
        return digest;
    }

    private readonly ConcurrentDictionary<string, byte[]> _uploads = new();

    private HttpResponseMessage Upload(HttpRequestMessage request, byte[] body)
    {
        var session = request.RequestUri!.AbsolutePath;
        if (request.Method == HttpMethod.Post)
        {
            var query = request.RequestUri.Query;
            if (query.Contains("mount=", StringComparison.Ordinal) && Blobs.ContainsKey(Digest.Parse(Uri.UnescapeDataString(query.Split("mount=")[1].Split('&')[0]), null)))
            {
                return new(HttpStatusCode.Created);
            }

            session += Guid.NewGuid().ToString("n");
            _uploads[session] = [];
        }
        else if (request.Method == HttpMethod.Get)
        {
            return new(HttpStatusCode.NoContent)
            {
                Headers = { { "Range", $"0-{Math.Max(_uploads[session].Length - 1, 0)}" } },
                Content = new ByteArrayContent([]),
            };
        }
        else
        {
            _uploads[session] = [.. _uploads[session], .. body];
        }

        if (request.Method == HttpMethod.Put)
        {
            return AddBlob(_uploads[session]) == Digest.Parse(Uri.UnescapeDataString(request.RequestUri.Query.Split("digest=")[1]), null)
                ? new(HttpStatusCode.Created)
                : Text(HttpStatusCode.BadRequest, """{"errors":[{"code":"DIGEST_INVALID"}]}""");
        }

        return new(HttpStatusCode.Accepted) { Headers = { Location = new(session + "?state=1", UriKind.Relative) } };
    }

    private static byte[] Plain(byte[] layer)
    {
        using var tar = Portal.Runtime.Tar.Compression.Unpack(new MemoryStream(layer));
        using var plain = new MemoryStream();
        tar.CopyTo(plain);
        return plain.ToArray();
    }

    /// <summary>Looks at addresses as the real one does when it connects.</summary>
    private sealed class Guard(FakeRegistry registry, Func<IPAddress, bool>? admits, Uri origin) : DelegatingHandler(registry)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            admits is not null && IPAddress.TryParse(origin.Host.Trim('[', ']'), out var address) && !admits(address)
                ? throw new HttpRequestException("refused", new ErrorException(ErrorKind.Internal, "registry.refused", $"the registry sends us to {address}"))
                : base.SendAsync(request, cancellationToken);

#pragma warning disable CA2215 // The registry is used by many.
        protected override void Dispose(bool disposing) { }
#pragma warning restore CA2215
    }
}

/// <summary>A clock a hundred times as fast.</summary>
internal sealed class HurriedTime : TimeProvider
{
    private const int Factor = 100;

    private readonly long _begin = System.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Timer(System.CreateTimer(callback, state, Hurry(dueTime), Hurry(period)));

    public override long GetTimestamp() => _begin + ((System.GetTimestamp() - _begin) * Factor);

    private static TimeSpan Hurry(TimeSpan span) => span == global::System.Threading.Timeout.InfiniteTimeSpan ? span : span / Factor;

    private sealed class Timer(ITimer inner) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(Hurry(dueTime), Hurry(period));

        public void Dispose() => inner.Dispose();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}

/// <summary>Somebody.</summary>
internal sealed class Somebody(string password = "secret", string identityToken = "") : IRegistryCredentials
{
    public Task<RegistryCredential?> ForAsync(string registry, CancellationToken ct) => Task.FromResult<RegistryCredential?>(new("joe", password, identityToken));
}
