using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Registries;

/// <summary>Brings one blob into a repository: it is there, it is in another one of the registry, or it is sent.</summary>
/// <param name="repository">Where to.</param>
/// <param name="digest">Its digest.</param>
/// <param name="size">Bytes.</param>
/// <param name="open">Opens the content.</param>
internal sealed class BlobUpload(RegistryRepository repository, Digest digest, long size, Func<Stream> open)
{
    private const int MaximumAttempts = 5;
    private const long SmallBytes = 1024 * 1024;
    private const long ChunkBytes = 8 * 1024 * 1024;
    private const string AnyBytes = "application/octet-stream";

    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);

    private readonly string _scope = RegistryScope.Push(repository.Path);
    private long? _chunk;
    private Uri? _session;

    /// <summary>How it came to be there, in Docker's words.</summary>
    /// <param name="elsewhere">Other repositories of the registry that may have it.</param>
    /// <param name="sent">Told how much is on its way.</param>
    /// <param name="retrying">Told the wait before another try.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<string> RunAsync(IReadOnlyList<string> elsewhere, Action<long>? sent, Action<TimeSpan>? retrying, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryAsync(elsewhere, sent, ct).ConfigureAwait(false);
            }
            catch (RegistryFailureException e) when (e.Status == 413 && _chunk is null)
            {
                // Something on the way takes no more at a time.
                _chunk = ChunkBytes;
            }
            catch (RegistryFailureException e) when (e.Status is 404 or 416 && _session is not null && attempt < MaximumAttempts)
            {
                // What it has is not what it said: all of it goes again.
                _session = null;
            }
            catch (Exception e) when (attempt < MaximumAttempts && Patient.MayGoWell(e) is { } wait)
            {
                wait = Patient.Longer(wait > s_retry ? wait : s_retry, attempt - 1);
                retrying?.Invoke(wait);
                await Task.Delay(wait, repository.Connection.Time, ct).ConfigureAwait(false);
            }
        }
    }

    private async Task<string> TryAsync(IReadOnlyList<string> elsewhere, Action<long>? sent, CancellationToken ct)
    {
        if (await repository.HasBlobAsync(digest, _scope, ct).ConfigureAwait(false))
        {
            return "Layer already exists";
        }

        if (_session is not null && await FindOffsetAsync(_session, ct).ConfigureAwait(false) is var (broken, offset))
        {
            await FinishAsync(await SendAsync(broken, offset, sent, ct).ConfigureAwait(false), null, ct).ConfigureAwait(false);
            return "Pushed";
        }

        Uri? session = null;
        foreach (var from in elsewhere)
        {
            (var isMounted, session) = await MountAsync(from, ct).ConfigureAwait(false);
            if (isMounted)
            {
                return $"Mounted from {from}";
            }
        }

        session ??= await BeginAsync(ct).ConfigureAwait(false);
        if (size > SmallBytes)
        {
            await FinishAsync(await SendAsync(session, 0, sent, ct).ConfigureAwait(false), null, ct).ConfigureAwait(false);
        }
        else
        {
            await FinishAsync(session, () => new UploadContent(open, 0, size, sent).WithType(AnyBytes), ct).ConfigureAwait(false);
        }

        return "Pushed";
    }

    /// <summary>Asks the registry to take it from another repository. Where it does not, it may begin an upload instead.</summary>
    private async Task<(bool IsMounted, Uri? Session)> MountAsync(string from, CancellationToken ct)
    {
        var address = repository.Address($"blobs/uploads/?mount={Uri.EscapeDataString(digest.ToString())}&from={Uri.EscapeDataString(from)}");
        try
        {
            using var response = await repository.Connection.SendAsync(
                HttpMethod.Post, address, RegistryScope.Join([_scope, RegistryScope.Pull(from)]), null, null, ct).ConfigureAwait(false);
            return response.StatusCode == HttpStatusCode.Created ? (true, null)
                : response.StatusCode == HttpStatusCode.Accepted ? (false, Session(address, response))
                : (false, null);
        }
        catch (RegistryFailureException)
        {
            // No token for that repository: it is sent.
            return (false, null);
        }
    }

    private async Task<Uri> BeginAsync(CancellationToken ct)
    {
        var address = repository.Address("blobs/uploads/");
        using var response = await repository.Connection.SendAsync(HttpMethod.Post, address, _scope, null, null, ct).ConfigureAwait(false);
        await repository.Connection.ExpectAsync(response, ct).ConfigureAwait(false);
        return Session(address, response);
    }

    /// <summary>How far an upload came that broke off; null when nothing of it can be used.</summary>
    private async Task<(Uri Session, long Offset)?> FindOffsetAsync(Uri session, CancellationToken ct)
    {
        using var response = await repository.Connection.SendAsync(HttpMethod.Get, session, _scope, null, null, ct).ConfigureAwait(false);
        // Its end is that of the last byte, and the same for one byte as for none.
        return response.IsSuccessStatusCode && response.Headers.NonValidated.TryGetValues("Range", out var values) && values.ToString().Split('-') is [.., var text]
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var last) && last > 0 && last < size
            ? (response.Headers.Location is null ? session : Session(session, response), last + 1)
            : null;
    }

    /// <summary>The rest of it, in one piece where nothing is against that.</summary>
    private async Task<Uri> SendAsync(Uri session, long offset, Action<long>? sent, CancellationToken ct)
    {
        while (offset < size)
        {
            _session = session;
            var (from, length) = (offset, Math.Min(_chunk ?? size, size - offset));
            using var response = await repository.Connection.SendAsync(
                HttpMethod.Patch, session, _scope,
                () =>
                {
                    var content = new UploadContent(open, from, length, done => sent?.Invoke(from + done)).WithType(AnyBytes);
                    if (length < size)
                    {
                        // Without the unit that RFC 9110 has before it: so the distribution specification.
                        _ = content.Headers.TryAddWithoutValidation("Content-Range", $"{from}-{from + length - 1}");
                    }

                    return content;
                },
                null, ct).ConfigureAwait(false);
            await repository.Connection.ExpectAsync(response, ct).ConfigureAwait(false);
            session = Session(session, response);
            offset += length;
        }

        return _session = session;
    }

    private async Task FinishAsync(Uri session, Func<HttpContent>? content, CancellationToken ct)
    {
        var separator = session.Query.Length > 1 ? '&' : '?';
        var address = new Uri($"{session.AbsoluteUri}{separator}digest={Uri.EscapeDataString(digest.ToString())}");
        using var response = await repository.Connection.SendAsync(HttpMethod.Put, address, _scope, content ?? Empty, null, ct).ConfigureAwait(false);
        await repository.Connection.ExpectAsync(response, ct).ConfigureAwait(false);
        if (RegistryRepository.DigestHeader(response) is { } said && said != digest)
        {
            throw TransferErrors.WrongDigest("the layer, as the registry took it,", digest, said);
        }

        static HttpContent Empty() => new ByteArrayContent([]) { Headers = { ContentType = new MediaTypeHeaderValue(AnyBytes) } };
    }

    private Uri Session(Uri address, HttpResponseMessage response)
    {
        if (response.Headers.NonValidated.TryGetValues("OCI-Chunk-Min-Length", out var values) && long.TryParse(values.ToString(), CultureInfo.InvariantCulture, out var least) && least > 0)
        {
            _chunk = Math.Max(least, ChunkBytes);
        }

        return repository.Connection.Target(address, response.Headers.Location);
    }
}
