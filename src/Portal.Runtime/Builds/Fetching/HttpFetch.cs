using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Portal.Domain.Primitives;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Builds.Fetching;

/// <summary>Something that was fetched.</summary>
/// <param name="Path">File on this machine.</param>
/// <param name="Name">What it is called there: the last part of its address, or what the server says.</param>
/// <param name="Digest">Of its content.</param>
/// <param name="Modified">When it was changed, as the server says; null when it does not.</param>
/// <param name="ContentType">As the server says; may be empty.</param>
internal sealed record FetchedFile(string Path, string Name, Digest Digest, DateTimeOffset? Modified, string ContentType);

/// <summary>Fetches files for ADD and for contexts.</summary>
internal sealed class HttpFetch : IDisposable
{
    private const int MaximumRedirects = 5;

    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http;

    public HttpFetch(OutboundPolicy policy)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(30),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),
            ConnectCallback = (context, ct) => policy.ConnectAsync(context.DnsEndPoint, ct),
        };
        _http = new(handler, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("portal-build");
    }

    public static bool IsAddress(string source) =>
        source.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || source.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    public void Dispose() => _http.Dispose();

    /// <summary>Fetches one file.</summary>
    /// <param name="address">Address.</param>
    /// <param name="path">Where it is written.</param>
    /// <param name="moved">Told bytes so far and in all; 0 for unknown.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="ErrorException">400: it cannot be had.</exception>
    public async Task<FetchedFile> GetAsync(string address, string path, Action<long, long> moved, CancellationToken ct)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri))
        {
            throw Failed(address, "it is no address");
        }

        try
        {
            using var answer = await FollowAsync(uri, ct).ConfigureAwait(false);
            var final = answer.RequestMessage!.RequestUri!;
            var digest = await SaveAsync(answer, path, moved, ct).ConfigureAwait(false);
            return new(path, NameOf(answer, uri, final), digest, answer.Content.Headers.LastModified, answer.Content.Headers.ContentType?.MediaType ?? "");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw Failed(address, e is OperationCanceledException ? "nothing came for 60 seconds" : (e.InnerException ?? e).Message, e);
        }
    }

    private async Task<HttpResponseMessage> FollowAsync(Uri uri, CancellationToken ct)
    {
        for (var step = 0; ; step++)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
            patience.CancelAfter(s_idle);
            var answer = await _http.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead, patience.Token).ConfigureAwait(false);
            if ((int)answer.StatusCode is not (301 or 302 or 303 or 307 or 308) || answer.Headers.Location is not { } location)
            {
                if (answer.IsSuccessStatusCode)
                {
                    return answer;
                }

                using (answer)
                {
                    throw new IOException($"invalid response status {(int)answer.StatusCode}");
                }
            }

            answer.Dispose();
            var next = new Uri(uri, location);
            if (step >= MaximumRedirects)
            {
                throw new IOException($"it redirects more than {MaximumRedirects} times");
            }

            if (next.Scheme != Uri.UriSchemeHttps && (next.Scheme != Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps))
            {
                throw new IOException($"it redirects from {uri.Scheme} to {next.Scheme}");
            }

            uri = next;
        }
    }

    private static async Task<Digest> SaveAsync(HttpResponseMessage answer, string path, Action<long, long> moved, CancellationToken ct)
    {
        var total = answer.Content.Headers.ContentLength ?? 0;
        var budget = SpaceBudget.For(Path.GetDirectoryName(path)!);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var content = await answer.Content.ReadAsStreamAsync(ct).ConfigureAwait(false);
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0);
        var buffer = new byte[128 * 1024];
        for (long current = 0; ;)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
            patience.CancelAfter(s_idle);
            var read = await content.ReadAsync(buffer, patience.Token).ConfigureAwait(false);
            if (read == 0)
            {
                moved(current, total);
                return Digest.FromHash(hash.GetHashAndReset());
            }

            budget.Charge(read);
            hash.AppendData(buffer, 0, read);
            await file.WriteAsync(buffer.AsMemory(0, read), ct).ConfigureAwait(false);
            current += read;
            moved(current, total);
        }
    }

    private static string NameOf(HttpResponseMessage answer, Uri asked, Uri final)
    {
        foreach (var name in (string?[])[answer.Content.Headers.ContentDisposition?.FileName?.Trim('"'), Last(asked), Last(final)])
        {
            if (name is { Length: > 0 and <= 255 } && name is not ("." or "..") && !name.Contains('/', StringComparison.Ordinal) && !name.Contains('\0', StringComparison.Ordinal))
            {
                return name;
            }
        }

        return "";

        static string Last(Uri uri) => Uri.UnescapeDataString(uri.Segments[^1]).TrimEnd('/');
    }

    private static ErrorException Failed(string address, string reason, Exception? inner = null) => new(ErrorKind.Invalid, "build.fetch", $"failed to fetch {Show(address)}: {reason}", inner);

    /// <summary>Without what a person may have put before the host.</summary>
    private static string Show(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.UserInfo.Length > 0 ? new UriBuilder(uri) { UserName = "", Password = "" }.Uri.ToString() : address;
}
