using System.Collections.Concurrent;
using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Copying;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Builds.Running;
using Portal.Runtime.Images;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Builds;

/// <summary>One build: reads the Dockerfile, has the stages that are needed built, those that can be at the same time, and makes the image.</summary>
internal sealed partial class BuildJob : IAsyncDisposable
{
    private readonly BuildServices _services;
    private readonly BuildRequest _request;
    private readonly IBuildProgress _progress;
    private readonly CancellationTokenSource _cancel;
    private readonly ConcurrentDictionary<int, Lazy<Task<StageState>>> _stages = new();
    private readonly ConcurrentDictionary<(string Name, BuildPlatform Platform), Lazy<Task<ImageBase>>> _images = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<TreeUse>>> _trees = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<IDisposable> _disposables = [];
    private readonly ConcurrentBag<IAsyncDisposable> _sources = [];
    private readonly ConcurrentDictionary<string, IReadOnlyList<Digest>> _made = new(StringComparer.Ordinal);
    private IgnorePatterns _ignore = new([]);
    private IReadOnlyList<string> _ignoreLines = [];
    private string? _text;

    public BuildJob(BuildServices services, BuildRequest request, IBuildProgress progress, CancellationToken ct)
    {
        (_services, _request, _progress) = (services, request, progress);
        _cancel = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Platform = string.IsNullOrEmpty(request.Platform) ? BuildPlatform.Host : BuildPlatform.Parse(request.Platform);
        Scratch = new(services.Options);
    }

    public BuildServices Services => _services;

    public BuildRequest Request => _request;

    public IBuildProgress Progress => _progress;

    public BuildScratch Scratch { get; }

    /// <summary>Keeps what was made until there is an image of it.</summary>
    public ImageHold Hold { get; } = new();

    /// <summary>What is built for.</summary>
    public BuildPlatform Platform { get; }

    public Dockerfile Dockerfile { get; private set; } = null!;

    public BuildVariables Variables { get; private set; } = null!;

    public BuildPlan Plan { get; private set; } = null!;

    public BuildSteps Steps { get; private set; } = null!;

    /// <summary>The build was given up, or a part of it failed.</summary>
    public CancellationToken Cancelled => _cancel.Token;

    public Task<BuildResult> RunAsync() => WithTextAsync(BuildAsync);

    /// <summary>Reads the Dockerfile and builds nothing.</summary>
    public Task<DockerfileFacts> LookAsync() => WithTextAsync(async () =>
    {
        await PlanAsync().ConfigureAwait(false);
        return DockerfileLook.At(_text!, Dockerfile, Plan, Variables);
    });

    /// <summary>Failures come with the Dockerfile that they are about.</summary>
    private async Task<T> WithTextAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (BuildFailure e)
        {
            e.Dockerfile = _text;
            throw;
        }
    }

    private async Task PlanAsync()
    {
        await ReadDockerfileAsync().ConfigureAwait(false);
        Variables = new(Dockerfile, _request.Arguments, Platform, _request.Target);
        Plan = BuildPlan.Make(Dockerfile, Variables, _request.Target, [.. _request.NamedContexts.Keys]);
    }

    private async Task<BuildResult> BuildAsync()
    {
        ImageReference[] tags = [.. _request.Tags.Select(Tag)];
        await PlanAsync().ConfigureAwait(false);
        Steps = new(Plan);
        _progress.Planned(Steps.All);
        try
        {
            var state = await BuildTargetAsync().ConfigureAwait(false);
            var (image, manifest) = await CommitAsync(state, tags).ConfigureAwait(false);
            return new(image, manifest)
            {
                Warnings =
                [
                    .. Dockerfile.Warnings,
                    .. Variables.Unused is { Count: > 0 } unused ? [new BuildWarning(0, $"One or more build-args [{string.Join(' ', unused)}] were not consumed")] : Array.Empty<BuildWarning>(),
                ],
            };
        }
        finally
        {
            Settle();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _cancel.CancelAsync().ConfigureAwait(false);
        foreach (var stage in _stages.Values)
        {
            // Nothing of it may go on when this returns.
            await ((Task)stage.Value).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        foreach (var disposable in _disposables)
        {
            disposable.Dispose();
        }

        foreach (var source in _sources)
        {
            await source.DisposeAsync().ConfigureAwait(false);
        }

        Scratch.Dispose();
        Hold.Dispose();
        _cancel.Dispose();
    }

    /// <summary>Takes note of a step that is used or was made: it stays while the build lasts, and reaches the disk at its end.</summary>
    public void Used(string key, IReadOnlyList<Digest> chain)
    {
        if (_made.TryAdd(key, chain))
        {
            _disposables.Add(_services.Cache.Hold(key));
        }
    }

    /// <summary>Something that is to be given back at the end.</summary>
    public void Keep(IDisposable disposable) => _disposables.Add(disposable);

    /// <summary>What a stage came to; it is built now unless it was.</summary>
    public Task<StageState> StageAsync(int index) => _stages.GetOrAdd(index, i => new(() => Task.Run(() => BuildStageAsync(i)))).Value;

    private async Task<StageState> BuildTargetAsync()
    {
        // Stages begin at once; each waits for what it needs where it needs it.
        Task<StageState>[] all = [.. Plan.Stages.Select(stage => StageAsync(stage.Index))];
        await foreach (var stage in Task.WhenEach(all).ConfigureAwait(false))
        {
            if (!stage.IsCompletedSuccessfully)
            {
                await _cancel.CancelAsync().ConfigureAwait(false);
                await ((Task)Task.WhenAll(all)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

                // The one that failed, not those that were ended because of it.
                await (Array.Find(all, other => other.IsFaulted) ?? stage).ConfigureAwait(false);
            }
        }

        return await all[^1].ConfigureAwait(false);
    }

    private Task<StageState> BuildStageAsync(int index)
    {
        Cancelled.ThrowIfCancellationRequested();
        return new StageBuilder(this, Plan.Stages.First(stage => stage.Index == index)).RunAsync();
    }

    private async Task<(Digest Image, Digest Manifest)> CommitAsync(StageState state, IReadOnlyList<ImageReference> tags)
    {
        Cancelled.ThrowIfCancellationRequested();
        Settle();
        return await _services.Images.CommitBuiltAsync(
            BuiltImage.Of(state, _request.Labels, _services.Time.GetUtcNow()), [.. state.Layers.Select(layer => layer.Blob)], tags, Cancelled).ConfigureAwait(false);
    }

    /// <summary>Has what was made reach the disk, all at once.</summary>
    private void Settle()
    {
        string[] fresh = [.. _made.Keys.Where(_services.Cache.IsUnflushed)];
        if (fresh.Length > 0)
        {
            _services.Images.Flush(fresh.SelectMany(key => _made[key]).Distinct());
            _services.Cache.Settle(fresh);
        }
    }

    private async Task ReadDockerfileAsync()
    {
        var path = SourceTree.Clean(_request.Dockerfile);
        var own = path + ".dockerignore";
        var source = _request.DockerfileSource ?? _request.Context;
        var together = _request.DockerfileSource is null;
        IReadOnlyList<string> wanted = together ? [path, own, ".dockerignore"] : [path, own];
        string? ignored;
        var tree = await source.OpenAsync(new("load build definition from " + path, wanted, [], wanted), _progress, Cancelled).ConfigureAwait(false);
        await using (tree.ConfigureAwait(false))
        {
            using var root = new PathInRoot(tree.Root);
            _text = Read(root, path) ?? throw new ErrorException(ErrorKind.Invalid, "build.dockerfile", $"Cannot locate specified Dockerfile: {_request.Dockerfile}");
            ignored = Read(root, own) ?? (together ? Read(root, ".dockerignore") : null);
        }

        Dockerfile = DockerfileParser.Parse(_text);
        if (_request.HeedSyntax && Dockerfile.Syntax is { } syntax && !DockerfileSyntax.IsBuiltIn(syntax))
        {
            throw new ErrorException(ErrorKind.NotImplemented, "build.syntax", DockerfileSyntax.Refusal(syntax));
        }

        // One for the Dockerfile itself goes before the one of the context.
        _ignoreLines = IgnorePatterns.Read(ignored ?? (together ? "" : await ContextIgnoreAsync().ConfigureAwait(false)));

        try
        {
            _ignore = new(_ignoreLines);
        }
        catch (FormatException e)
        {
            throw new ErrorException(ErrorKind.Invalid, "build.dockerignore", $"error reading .dockerignore: {e.Message}", e);
        }
    }

    /// <summary>The context's own ignore file, where the Dockerfile is from elsewhere.</summary>
    private async Task<string> ContextIgnoreAsync()
    {
        string[] wanted = [".dockerignore"];
        var tree = await _request.Context.OpenAsync(new("load .dockerignore", wanted, [], wanted), _progress, Cancelled).ConfigureAwait(false);
        await using (tree.ConfigureAwait(false))
        {
            using var root = new PathInRoot(tree.Root);
            return Read(root, wanted[0]) ?? "";
        }
    }

    /// <summary>A file of a hostile folder: links lead nowhere else, and only a regular file is opened.</summary>
    private static string? Read(PathInRoot root, string path)
    {
        if (Libc.OpenInRoot(root.Root, Encoding.UTF8.GetBytes(path.Length == 0 ? "." : path), Libc.OpenPath, followLinks: true, out var node) != 0)
        {
            return null;
        }

        using (node)
        {
            if (Libc.StatAt(node!, [], out var facts) != 0 || facts.Kind != FileKind.Regular || Libc.Reopen(node!, Libc.OpenReadOnly, out var file) != 0)
            {
                return null;
            }

            using var stream = new FileStream(file!, FileAccess.Read);
            if (stream.Length > DockerfileParser.MaximumBytes)
            {
                throw new ErrorException(ErrorKind.Invalid, "build.dockerfile", $"{path} is larger than {DockerfileParser.MaximumBytes >> 20} MiB");
            }

            return new StreamReader(stream, Encoding.UTF8).ReadToEnd();
        }
    }

    private static ImageReference Tag(string text)
    {
        if (!ImageReference.TryParse(text, out var reference, out var problem))
        {
            throw new ErrorException(ErrorKind.Invalid, "build.tag", $"invalid tag \"{text}\": {problem}");
        }

        return reference.Digest is null ? reference.WithDefaultTag() : throw new ErrorException(ErrorKind.Invalid, "build.tag", "build tag cannot contain a digest");
    }
}
