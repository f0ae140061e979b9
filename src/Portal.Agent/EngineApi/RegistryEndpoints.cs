using System.Threading.Channels;
using Portal.Agent.EngineApi.Mapping;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime.Registries;

namespace Portal.Agent.EngineApi;

/// <summary>Pull, push, sign-in, search, and questions to registries.</summary>
internal sealed class RegistryEndpoints(IRegistries registries, ILogger<RegistryEndpoints> log)
{
    private const int DefaultHits = 25;
    private const int MaximumHits = 100;

    public void Map(RouteTable routes)
    {
        routes.Post("auth", SignInAsync);
        routes.Get("images/search", SearchAsync);
        routes.Post("images/{name*}/push", PushAsync);
        routes.Get("distribution/{name*}/json", InspectAsync);
    }

    /// <summary>Pulls what POST /images/create names: a reference, with its tag or digest beside it or in it. With neither it is every tag.</summary>
    public Task PullAsync(EngineRequest request, string image)
    {
        var reference = Reference(image);
        if (request.Query("tag") is { } tag)
        {
            reference = Digest.TryParse(tag, null, out var digest) ? reference.WithDigest(digest) : WithTag(reference, tag);
        }

        var pull = new ImagePull(reference, reference.Tag is null && reference.Digest is null, request.Query("platform"), Credentials(request));
        return TransferAsync(request, async (progress, ct) =>
        {
            _ = await registries.PullAsync(pull, progress, ct);
            return [];
        });
    }

    private Task PushAsync(EngineRequest request)
    {
        var reference = Reference(request.Target);
        if (request.Query("tag") is { } tag)
        {
            reference = WithTag(reference, tag);
        }

        var platform = request.Query("platform");
        if (platform is ['{', ..])
        {
            var asked = EngineBody.Parse(System.Text.Encoding.UTF8.GetBytes(platform), EngineBody.Strict.DistributionPlatform);
            platform = asked is null ? null : string.Join('/', new[] { asked.Os, asked.Architecture, asked.Variant }.Where(p => !string.IsNullOrEmpty(p)));
        }

        var push = new ImagePush(reference, reference.Tag is null && reference.Digest is null, platform, Credentials(request));
        return TransferAsync(request, (progress, ct) => registries.PushAsync(push, progress, ct));
    }

    private async Task SignInAsync(EngineRequest request)
    {
        var config = await request.RequireAsync(EngineBody.Strict.AuthConfig);
        var credential = RegistryAuth.Credential(config) ?? new RegistryCredential(config.Username ?? "", "");
        var (status, token) = await registries.LoginAsync(config.ServerAddress ?? "", credential, request.Aborted);
        await request.Json(new AuthResponse { Status = status, IdentityToken = token }, EngineJson.Default.AuthResponse);
    }

    private async Task InspectAsync(EngineRequest request) => await request.Json(
        RegistryMapping.Show(await registries.InspectAsync(Reference(request.Target), Credentials(request), request.Aborted)), EngineJson.Default.DistributionInspect);

    private async Task SearchAsync(EngineRequest request)
    {
        var term = request.Query("term") ?? throw EngineErrors.Invalid("search.term", "a term to search for is required");
        var limit = request.Number("limit") ?? 0;
        limit = limit == 0 ? DefaultHits : limit;
        if (limit is < 1 or > MaximumHits)
        {
            throw EngineErrors.Invalid("search.limit", $"limit {limit} is outside the range of [1, {MaximumHits}]");
        }

        if (term.IndexOf('/') is > 0 and var slash && term[..slash] is var host && (host.AsSpan().ContainsAny('.', ':') || host == "localhost"))
        {
            if (host is not ("docker.io" or "index.docker.io"))
            {
                throw EngineErrors.NotSupported($"searching the registry {host} is");
            }

            term = term[(slash + 1)..];
        }

        var filters = request.Filters("is-automated", "is-official", "stars");
        var (automated, official) = (filters.Boolean("is-automated"), filters.Boolean("is-official"));
        var stars = filters.Values("stars").Select(s => int.TryParse(s, out var n) ? n : throw EngineErrors.Invalid("search.stars", $"invalid filter 'stars={s}'")).DefaultIfEmpty(0).Max();
        var hits = await registries.SearchAsync(term, limit, request.Aborted);
        await request.Json(
            [.. hits.Where(h => (automated is null || h.IsAutomated == automated) && (official is null || h.IsOfficial == official) && h.Stars >= stars).Select(RegistryMapping.Show)],
            EngineJson.Default.ListSearchResultItem);
    }

    /// <summary>Runs a transfer and tells of it line by line. What fails before the first line is a status, what fails later is the last line.</summary>
    private async Task TransferAsync(EngineRequest request, Func<IProgress<TransferProgress>, CancellationToken, Task<IReadOnlyList<PushedImage>>> transfer)
    {
        var lines = Channel.CreateUnbounded<TransferProgress>(new() { SingleReader = true });
        // A client that leaves takes its transfer with it.
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(request.Streaming);
        var work = RunAsync();
        try
        {
            if (!await lines.Reader.WaitToReadAsync(CancellationToken.None))
            {
                await work;
            }

            using var output = await request.StartLinesAsync();
            await foreach (var line in lines.Reader.ReadAllAsync(CancellationToken.None))
            {
                await output.WriteAsync(TransferMapping.Line(line), EngineJson.Default.ProgressMessage, leaving.Token);
            }

            try
            {
                foreach (var pushed in await work)
                {
                    await output.WriteAsync(TransferMapping.Line(pushed), EngineJson.Default.ProgressMessage, leaving.Token);
                }
            }
            catch (Exception e) when (e is not OperationCanceledException || !leaving.IsCancellationRequested)
            {
                if (e is not ErrorException)
                {
                    log.TransferFailed(e);
                }

                await output.WriteAsync(TransferMapping.Failure(e.Message), EngineJson.Default.ProgressMessage, leaving.Token);
            }
        }
        finally
        {
            await leaving.CancelAsync();
            await ((Task)work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task<IReadOnlyList<PushedImage>> RunAsync()
        {
            try
            {
                return await transfer(new Writer(lines.Writer), leaving.Token);
            }
            finally
            {
                lines.Writer.Complete();
            }
        }
    }

    private static IRegistryCredentials? Credentials(EngineRequest request) => RegistryAuth.Parse(request.Http.Request.Headers["X-Registry-Auth"]);

    private static ImageReference Reference(string text) => ImageReference.TryParse(text, out var reference, out var problem)
        ? reference
        : throw EngineErrors.Invalid("image.reference", problem);

    private static ImageReference WithTag(ImageReference reference, string tag)
    {
        try
        {
            return reference.WithTag(tag);
        }
        catch (FormatException e)
        {
            throw EngineErrors.Invalid("image.reference", e.Message);
        }
    }

    private sealed class Writer(ChannelWriter<TransferProgress> lines) : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value) => lines.TryWrite(value);
    }
}
