using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Registries;

/// <inheritdoc cref="IRegistries"/>
internal sealed class RemoteRegistries(
    ImageStore images, ImagePuller puller, ImagePusher pusher, RegistrySettings settings, IRegistryTransport transport, RegistryTokens tokens, TimeProvider time,
    ILogger<RemoteRegistries> log) : IRegistries
{
    /// <inheritdoc/>
    public async Task<Digest> PullAsync(ImagePull pull, IProgress<TransferProgress> progress, CancellationToken ct)
    {
        _ = PlatformChoice.Parse(pull.Platform);
        var reference = pull.AllTags ? pull.Reference : pull.Reference.WithDefaultTag();
        var report = new TransferReport(progress, time);
        var (id, isNewer) = await AtAsync(reference, pull.Credentials, forPush: false, repository => pull.AllTags
            ? PullAllAsync(repository, pull, report, ct)
            : puller.PullAsync(repository, reference, pull.Platform, report, ct), ct).ConfigureAwait(false);
        report.Say($"Status: {(isNewer ? "Downloaded newer image" : "Image is up to date")} for {reference.Familiar}");
        images.PublishTransfer("pull", reference, id);
        return id;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<PushedImage>> PushAsync(ImagePush push, IProgress<TransferProgress> progress, CancellationToken ct)
    {
        var report = new TransferReport(progress, time);
        report.Say($"The push refers to repository [{push.Reference.Repository}]");
        var reference = push.Reference.WithDefaultTag();
        if (reference.Digest is not null)
        {
            throw new ErrorException(ErrorKind.Invalid, "registry.push-digest", "cannot push a digest reference");
        }

        IReadOnlyList<(ImageReference Reference, StoredImage Image)> wanted = push.AllTags ? images.TagsIn(push.Reference.Repository)
            : images.Find(reference) is { } one ? [(reference, one)]
            : [];
        if (wanted.Count == 0)
        {
            throw new ErrorException(ErrorKind.NotFound, "registry.push-unknown", push.AllTags || reference.Tag == "latest"
                ? $"An image does not exist locally with the tag: {push.Reference.FamiliarRepository}"
                : $"tag does not exist: {reference.Familiar}");
        }

        foreach (var (tag, image) in wanted)
        {
            if (push.Platform is { Length: > 0 } platform && !PlatformChoice.Parse(platform).Fits(image.Snapshot.OperatingSystem, image.Snapshot.Architecture, null))
            {
                throw new ErrorException(ErrorKind.NotFound, "registry.platform", $"image with reference {tag.Familiar} was found but does not provide the specified platform ({platform})");
            }
        }

        return await AtAsync(
            reference, push.Credentials, forPush: true,
            async repository =>
            {
                var pushed = new List<PushedImage>();
                foreach (var (tag, image) in wanted)
                {
                    pushed.Add(await pusher.PushAsync(repository, tag, image, report, ct).ConfigureAwait(false));
                    images.PublishTransfer("push", tag, image.Id);
                }

                return pushed;
            },
            ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<RemoteImage> InspectAsync(ImageReference reference, IRegistryCredentials? credentials, CancellationToken ct)
    {
        var named = reference.WithDefaultTag();
        return AtAsync(
            named, credentials, forPush: false,
            async repository =>
            {
                var manifest = await repository.GetManifestAsync(named.Digest?.ToString() ?? named.Tag!, named.Familiar, ct).ConfigureAwait(false);
                return new RemoteImage(manifest.MediaType, manifest.Digest, manifest.Bytes.Length, await PlatformsAsync(repository, manifest, ct).ConfigureAwait(false));
            },
            ct);
    }

    /// <inheritdoc/>
    public async Task<(string Status, string IdentityToken)> LoginAsync(string registry, RegistryCredential credential, CancellationToken ct)
    {
        var domain = RegistryEndpoint.DomainOf(registry);
        Exception? failure = null;
        foreach (var endpoint in await RegistryEndpoint.ForAsync(domain, settings, mirrors: false, ct).ConfigureAwait(false))
        {
            using var connection = new RegistryConnection(endpoint, credential, settings, transport, tokens, time);
            try
            {
                await connection.SignInAsync(ct).ConfigureAwait(false);
                return ("Login Succeeded", connection.RefreshToken ?? "");
            }
            catch (RegistryFailureException e) when (e.Status is 400 or 401 or 403)
            {
                var words = e.Status switch { 400 => "Bad Request", 401 => "Unauthorized", _ => "Forbidden" };
                throw new ErrorException(ErrorKind.Unauthorized, "registry.login", $"login attempt to {new Uri(endpoint.Address, "/v2/")} failed with status: {e.Status} {words} ({e.Message})", e);
            }
            catch (Exception e) when (e is RegistryConnectionException or RegistryFailureException)
            {
                failure = e;
            }
        }

        throw Explain(failure!, null, forPush: false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<FoundRepository>> SearchAsync(string term, int limit, CancellationToken ct)
    {
        var index = new Uri(settings.SearchIndex);
        using var connection = new RegistryConnection(new(index), null, settings, transport, tokens, time);
        try
        {
            var address = new Uri(index, $"v1/search?q={Uri.EscapeDataString(term)}&n={limit}");
            using var response = await connection.SendAsync(HttpMethod.Get, address, "", null, null, ct).ConfigureAwait(false);
            await connection.ExpectAsync(response, ct).ConfigureAwait(false);
            var bytes = await BoundedContent.ReadAsync(response, 4 * 1024 * 1024, "the answer of the search", connection, ct).ConfigureAwait(false);
            var answer = System.Text.Json.JsonSerializer.Deserialize(bytes, RegistryJson.Default.SearchAnswer);
            return [.. (answer?.Results ?? []).Take(limit).Select(h => new FoundRepository(h.Name, h.Description ?? "", h.Stars, h.IsOfficial, h.IsAutomated))];
        }
        catch (System.Text.Json.JsonException e)
        {
            throw TransferErrors.Refused($"the index {index.Host} answers a search with something else ({e.Message})");
        }
        catch (Exception e) when (e is RegistryConnectionException or RegistryFailureException)
        {
            throw Explain(e, null, forPush: false);
        }
    }

    private async Task<(Digest Id, bool IsNewer)> PullAllAsync(RegistryRepository repository, ImagePull pull, TransferReport report, CancellationToken ct)
    {
        (Digest Id, bool IsNewer)? result = null;
        foreach (var tag in await repository.TagsAsync(ct).ConfigureAwait(false))
        {
            var (id, isNewer) = await puller.PullAsync(repository, Tagged(pull.Reference, tag), pull.Platform, report, ct).ConfigureAwait(false);
            result = (id, isNewer || result is { IsNewer: true });
        }

        return result ?? throw TransferErrors.RepositoryUnknown(pull.Reference, "it has no tags");
    }

    private static ImageReference Tagged(ImageReference reference, string tag)
    {
        try
        {
            return reference.WithTag(tag);
        }
        catch (FormatException)
        {
            throw TransferErrors.Bad($"the registry names a tag \"{TransferErrors.Show(tag)}\", which is none");
        }
    }

    private static async Task<IReadOnlyList<string>> PlatformsAsync(RegistryRepository repository, RemoteManifest manifest, CancellationToken ct)
    {
        if (manifest.IsIndex)
        {
            return [.. manifest.Manifests().Where(m => m.Platform is { Os: not "unknown" }).Select(m => Text(m.Platform!.Os, m.Platform.Architecture, m.Platform.Variant))];
        }

        var config = await repository.ReadBlobAsync(manifest.Image().Config, ImageDocument.MaximumBytes, "the image's configuration", ct).ConfigureAwait(false);
        var image = ImageDocument.ParseConfig(config).Image;
        return [Text(image.Os ?? "", image.Architecture ?? "", image.Variant)];

        static string Text(string system, string architecture, string? variant) => string.IsNullOrEmpty(variant) ? $"{system}/{architecture}" : $"{system}/{architecture}/{variant}";
    }

    /// <summary>Does something at the first address of a registry that answers; after a mirror, whatever its failure, at the next one.</summary>
    private async Task<T> AtAsync<T>(ImageReference reference, IRegistryCredentials? credentials, bool forPush, Func<RegistryRepository, Task<T>> work, CancellationToken ct)
    {
        Exception? unreachable = null;
        foreach (var endpoint in await RegistryEndpoint.ForAsync(reference.Domain, settings, mirrors: !forPush, ct).ConfigureAwait(false))
        {
            var credential = endpoint.IsMirror || credentials is null ? null : await credentials.ForAsync(reference.Domain, ct).ConfigureAwait(false);
            using var connection = new RegistryConnection(endpoint, credential, settings, transport, tokens, time);
            var answers = false;
            try
            {
                await Patient.AskAsync(
                    async () =>
                    {
                        await connection.PingAsync(ct).ConfigureAwait(false);
                        return true;
                    },
                    time, ct).ConfigureAwait(false);
                answers = true;
                return await work(new(connection, reference.Domain, reference.Path)).ConfigureAwait(false);
            }
            catch (Exception e) when (endpoint.IsMirror && e is not OperationCanceledException && !TransferErrors.IsNoSpace(e))
            {
                log.MirrorFailed(e, endpoint.Address.Authority, reference.ToString());
            }
            catch (Exception e) when (!answers && (e is RegistryConnectionException or RegistryFailureException))
            {
                unreachable = e;
            }
            catch (Exception e) when (e is RegistryConnectionException or RegistryFailureException || (DiskFull.Is(e) && e is not ErrorException))
            {
                throw Explain(e, reference, forPush, credential is not null);
            }
        }

        throw Explain(unreachable ?? new InvalidOperationException("No address of the registry answered."), reference, forPush);
    }

    private static ErrorException Explain(Exception e, ImageReference? reference, bool forPush, bool signedIn = false) => e switch
    {
        RegistryConnectionException connection => TransferErrors.Unreachable(connection.Method, connection.Address, connection),
        RegistryFailureException { Status: 404, Code: "NAME_UNKNOWN" } failure when reference is not null && !forPush => TransferErrors.RepositoryUnknown(reference, failure.Message),
        RegistryFailureException { Status: 404, Code: "" or "MANIFEST_UNKNOWN" } failure when reference is not null && !forPush =>
            TransferErrors.ManifestUnknown(reference, failure.Code.Length > 0 ? failure.Message : "manifest unknown: manifest unknown"),
        RegistryFailureException { Status: 401 } failure when signedIn => new(ErrorKind.Unauthorized, "registry.unauthorized", failure.Message, failure),
        RegistryFailureException { Status: 401 or 403 } failure when reference is not null && !forPush =>
            TransferErrors.Denied(reference, failure.Status == 401 ? "denied: requested access to the resource is denied" : failure.Message),
        RegistryFailureException { Status: 401 } => new(ErrorKind.Forbidden, "registry.denied", "denied: requested access to the resource is denied", e),
        RegistryFailureException { Status: 403 } failure => new(ErrorKind.Forbidden, "registry.denied", failure.Message, failure),
        RegistryFailureException { Status: 429 } failure => new(ErrorKind.TooManyRequests, "registry.limit", failure.Message, failure),
        RegistryFailureException failure => new(failure.Status == 404 ? ErrorKind.NotFound : ErrorKind.Internal, "registry.failure", failure.Message, failure),
        _ when DiskFull.Is(e) => new(ErrorKind.Internal, "image.no-space", $"no space left on device ({e.Message})", e),
        _ => new(ErrorKind.Internal, "registry.failure", e.Message, e),
    };
}
