using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;

namespace Portal.Runtime.Registries;

/// <summary>One repository of a registry (OCI distribution-spec): manifests, tags, blobs. Whatever it answers is checked before it is believed.</summary>
/// <param name="connection">The registry.</param>
/// <param name="domain">What the registry is called in references.</param>
/// <param name="path">Repository within it.</param>
internal sealed class RegistryRepository(RegistryConnection connection, string domain, string path)
{
    private const int MaximumTags = 10_000;
    private const int MaximumTagPage = 4 * 1024 * 1024;

    private readonly string _pull = RegistryScope.Pull(path);

    public RegistryConnection Connection => connection;

    public string Domain => domain;

    public string Path => path;

    /// <summary>A manifest or index.</summary>
    /// <param name="tagOrDigest">Which.</param>
    /// <param name="reference">For messages.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="RegistryFailureException">The registry does not have it, or does not let us.</exception>
    /// <exception cref="ErrorException">It is not what was asked for, or not supported.</exception>
    public Task<RemoteManifest> GetManifestAsync(string tagOrDigest, string reference, CancellationToken ct) => Patient.AskAsync(
        async () =>
        {
            using var response = await connection.SendAsync(HttpMethod.Get, Address($"manifests/{tagOrDigest}"), _pull, null, Accept, ct).ConfigureAwait(false);
            await connection.ExpectAsync(response, ct).ConfigureAwait(false);
            var bytes = await BoundedContent.ReadAsync(response, ImageDocument.MaximumBytes, $"the manifest of {reference}", connection, ct).ConfigureAwait(false);
            var actual = Digest.Of(bytes);
            if (Digest.TryParse(tagOrDigest, null, out var asked) && asked != actual)
            {
                throw TransferErrors.WrongDigest($"the manifest of {reference}", asked, actual);
            }

            if (DigestHeader(response) is { } said && said != actual)
            {
                throw TransferErrors.WrongDigest($"the manifest of {reference}, by the registry's own header,", said, actual);
            }

            return RemoteManifest.Read(bytes, response.Content.Headers.ContentType?.MediaType, reference);
        },
        connection.Time, ct);

    /// <summary>What a tag stands for now, without fetching it; null when the registry does not say.</summary>
    public Task<Digest?> FindManifestAsync(string tag, CancellationToken ct) => Patient.AskAsync(
        async () =>
        {
            using var response = await connection.SendAsync(HttpMethod.Head, Address($"manifests/{tag}"), _pull, null, Accept, ct).ConfigureAwait(false);
            return response.IsSuccessStatusCode ? DigestHeader(response) : null;
        },
        connection.Time, ct);

    /// <summary>Every tag.</summary>
    public async Task<IReadOnlyList<string>> TagsAsync(CancellationToken ct)
    {
        var tags = new List<string>();
        var seen = new HashSet<Uri>();
        Uri? next = Address("tags/list");
        while (next is { } page && seen.Add(page))
        {
            (next, var some) = await TagPageAsync(page, ct).ConfigureAwait(false);
            tags.AddRange(some);
            if (tags.Count > MaximumTags)
            {
                throw TransferErrors.Bad($"the repository {path} has more than {MaximumTags} tags; name those that you want");
            }
        }

        return tags;
    }

    /// <summary>Small content, verified.</summary>
    public Task<byte[]> ReadBlobAsync(BlobDescriptor blob, int limit, string what, CancellationToken ct) => Patient.AskAsync(
        async () =>
        {
            using var response = await OpenBlobAsync(blob.Digest, 0, ct).ConfigureAwait(false);
            var bytes = await BoundedContent.ReadAsync(response, (int)Math.Min(limit, blob.Size), what, connection, ct).ConfigureAwait(false);
            if (bytes.Length != blob.Size)
            {
                throw TransferErrors.WrongSize(what, blob.Size, bytes.Length.ToString(CultureInfo.InvariantCulture));
            }

            return Digest.Of(bytes) is var actual && actual == blob.Digest ? bytes : throw TransferErrors.WrongDigest(what, blob.Digest, actual);
        },
        connection.Time, ct);

    /// <summary>The answer with a blob, from an offset on where the registry can do that.</summary>
    public async Task<HttpResponseMessage> OpenBlobAsync(Digest digest, long offset, CancellationToken ct)
    {
        var response = await connection.SendAsync(
            HttpMethod.Get, Address($"blobs/{digest}"), _pull, null, offset > 0 ? r => r.Headers.Range = new RangeHeaderValue(offset, null) : null, ct).ConfigureAwait(false);
        try
        {
            await connection.ExpectAsync(response, ct).ConfigureAwait(false);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>True when the repository has a blob.</summary>
    public Task<bool> HasBlobAsync(Digest digest, string scope, CancellationToken ct) => Patient.AskAsync(
        async () =>
        {
            using var response = await connection.SendAsync(HttpMethod.Head, Address($"blobs/{digest}"), scope, null, null, ct).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.NotFound)
            {
                return false;
            }

            await connection.ExpectAsync(response, ct).ConfigureAwait(false);
            return true;
        },
        connection.Time, ct);

    public Uri Address(string rest) => new(connection.Endpoint.Address, $"/v2/{path}/{rest}");

    /// <summary>The digest that a registry says something has; null when it says none.</summary>
    public static Digest? DigestHeader(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("Docker-Content-Digest", out var values) && Digest.TryParse(values.ToString(), null, out var digest) ? digest : null;

    private static void Accept(HttpRequestMessage request)
    {
        foreach (var type in RemoteManifest.Accepted)
        {
            request.Headers.Accept.Add(new(type));
        }
    }

    private Task<(Uri? Next, IReadOnlyList<string> Tags)> TagPageAsync(Uri address, CancellationToken ct) => Patient.AskAsync(
        async () =>
        {
            using var response = await connection.SendAsync(HttpMethod.Get, address, _pull, null, null, ct).ConfigureAwait(false);
            await connection.ExpectAsync(response, ct).ConfigureAwait(false);
            var bytes = await BoundedContent.ReadAsync(response, MaximumTagPage, $"the list of tags of {path}", connection, ct).ConfigureAwait(false);
            try
            {
                return (NextPage(address, response), JsonSerializer.Deserialize(bytes, RegistryJson.Default.TagList)?.Tags ?? (IReadOnlyList<string>)[]);
            }
            catch (JsonException e)
            {
                throw TransferErrors.Bad($"the list of tags of {path} is malformed ({e.Message})");
            }
        },
        connection.Time, ct);

    /// <summary>The page after this one (RFC 8288); null for none.</summary>
    private Uri? NextPage(Uri address, HttpResponseMessage response)
    {
        if (!response.Headers.NonValidated.TryGetValues("Link", out var values) || values.ToString() is not ['<', ..] link || !link.Contains("rel=\"next\"", StringComparison.Ordinal))
        {
            return null;
        }

        var end = link.IndexOf('>', StringComparison.Ordinal);
        return end > 0 && Uri.TryCreate(link[1..end], UriKind.RelativeOrAbsolute, out var next) ? connection.Target(address, next) : null;
    }
}
