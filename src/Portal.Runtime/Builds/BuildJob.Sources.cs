using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Copying;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Builds.Running;
using Portal.Runtime.Images;
using Portal.Runtime.Registries;

namespace Portal.Runtime.Builds;

/// <summary>Where files come from: contexts, stages, images.</summary>
internal sealed partial class BuildJob
{
    /// <summary>The build's context.</summary>
    public Task<TreeUse> ContextAsync() => TreeAsync("context", () => OpenAsync(_request.Context, "load build context", _ignoreLines, _ignore));

    /// <summary>What <c>--from</c> names: a context of the request, an earlier stage, an image.</summary>
    /// <param name="name">Name.</param>
    /// <param name="before">Stages before this one count.</param>
    /// <param name="platform">Of images.</param>
    /// <param name="step">Who asks.</param>
    public async Task<TreeUse> SourceAsync(string name, int before, BuildPlatform platform, BuildStep step)
    {
        if (name.Contains('$', StringComparison.Ordinal))
        {
            throw DockerfileErrors.At(step.Line, "variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround");
        }

        if (_request.NamedContexts.TryGetValue(name, out var named))
        {
            return named.Source is { } source
                ? await TreeAsync("named " + name, () => OpenNamedAsync(name, source)).ConfigureAwait(false)
                : await ImageTreeAsync(named.Image!, platform, step).ConfigureAwait(false);
        }

        if (BuildPlan.Find(Dockerfile, name, before, numbers: true) is { } index)
        {
            var state = await StageAsync(index).WaitAsync(Cancelled).ConfigureAwait(false);
            return await StateTreeAsync(state).ConfigureAwait(false);
        }

        try
        {
            return await ImageTreeAsync(name, platform, step).ConfigureAwait(false);
        }
        catch (BuildFailure e) when (name.AsSpan().IndexOfAny('/', ':', '@') < 0)
        {
            // A stage that is misspelt, or comes later, is taken for an image.
            throw new BuildFailure(new(e.Error.Kind, e.Error.Code, $"no stage before line {step.Line} is called {name}, nor is an image: {e.Error.Message}"), step.Line, e);
        }
    }

    /// <summary>The tree of what a stage is so far.</summary>
    public Task<TreeUse> StateTreeAsync(StageState state) => TreeAsync("layers " + string.Join(' ', state.DiffIds), () => MountAsync(state.DiffIds, state.Key));

    /// <summary>What a stage starts from.</summary>
    public async Task<StageState> BaseAsync(PlannedStage stage, BuildStep step)
    {
        if (stage.BaseStage is { } below)
        {
            // All of it comes along, arguments too; only a CMD is not this stage's own.
            var state = await StageAsync(below).WaitAsync(Cancelled).ConfigureAwait(false);
            return state with { HasCommand = false };
        }

        var platform = stage.Platform ?? Platform;
        if (stage.Base == "scratch")
        {
            return new(new() { Environment = [], WorkingDirectory = "/" }, [], "scratch") { Platform = platform };
        }

        var name = stage.Base;
        if (_request.NamedContexts.TryGetValue(name, out var named))
        {
            if (named.Source is { } source)
            {
                var tree = await TreeAsync("named " + name, () => OpenNamedAsync(name, source)).ConfigureAwait(false);
                var start = new StageState(new() { WorkingDirectory = "/" }, [], "scratch") { Platform = platform };
                return await new LayerSteps(this, stage, step).CopyTreeAsync(start, tree).ConfigureAwait(false);
            }

            name = named.Image!;
        }

        var image = await ImageAsync(name, platform, step).ConfigureAwait(false);
        return new(image.Config with { OnBuild = [] }, [.. image.DiffIds.Zip(image.Blobs, (diffId, blob) => new BuiltLayer(diffId, blob))], CacheKey.Of("image", string.Join(' ', image.DiffIds)))
        {
            History = [.. image.Document.History ?? []],
            Author = image.Document.Author ?? "",
            Platform = new(image.Document.Os ?? "linux", image.Document.Architecture ?? platform.Architecture, image.Document.Variant ?? ""),
            Triggers = image.Config.OnBuild,
            BaseImage = image.Id,
        };
    }

    private Task<TreeUse> ImageTreeAsync(string name, BuildPlatform platform, BuildStep step) => TreeAsync(
        $"image {platform} {name}",
        async () =>
        {
            var image = await ImageAsync(name, platform, step).ConfigureAwait(false);
            return await MountAsync(image.DiffIds, CacheKey.Of("image", string.Join(' ', image.DiffIds))).ConfigureAwait(false);
        });

    /// <summary>An image is looked for once: whoever names it twice gets the same, and it is pulled by the step that comes first.</summary>
    private async Task<ImageBase> ImageAsync(string name, BuildPlatform platform, BuildStep step)
    {
        try
        {
            return await _images.GetOrAdd((name, platform), _ => new(() => FindImageAsync(name, platform, step))).Value.ConfigureAwait(false);
        }
        catch (ErrorException e)
        {
            throw new BuildFailure(e.Error, step.Line, e);
        }
    }

    private async Task<ImageBase> FindImageAsync(string name, BuildPlatform platform, BuildStep step)
    {
        if (!ImageReference.TryParse(name, out var reference, out var problem) && !IsId(name))
        {
            throw new ErrorException(ErrorKind.Invalid, "build.base", $"failed to parse stage name \"{name}\": {problem}");
        }

        ImageBase? here = null;
        try
        {
            here = _services.Images.OpenBase(name, Hold);
        }
        catch (ErrorException e) when (e.Error.Kind == ErrorKind.NotFound)
        {
            // Perhaps a registry has it.
        }

        var fits = here is not null && (string.IsNullOrEmpty(here.Document.Architecture) || here.Document.Architecture == platform.Architecture);
        if (fits && (!_request.Pull || reference is null))
        {
            return here!;
        }

        if (reference is null)
        {
            throw here is null
                ? new ErrorException(ErrorKind.NotFound, "build.base", $"No such image: {name}")
                : new ErrorException(
                    ErrorKind.NotFound, "build.platform", $"image with reference {name} was found but does not match the specified platform: wanted {platform}, actual: {here.Document.Os}/{here.Document.Architecture}");
        }

        var moved = new PullProgress(_progress, step);
        var id = await _services.Registries.PullAsync(new(reference.WithDefaultTag(), AllTags: false, platform.ToString(), _request.Credentials), moved, Cancelled).ConfigureAwait(false);
        return _services.Images.OpenBase(id.ToString(), Hold);
    }

    private static bool IsId(string name) => name.Length == 64 || name.StartsWith("sha256:", StringComparison.Ordinal);

    /// <summary>A context of its own may have an ignore file of its own.</summary>
    private Task<TreeUse> OpenNamedAsync(string name, IBuildSource source) => OpenAsync(source, $"load from context {name}", [], new([]));

    private async Task<TreeUse> OpenAsync(IBuildSource source, string title, IReadOnlyList<string> exclude, IgnorePatterns ignore)
    {
        var tree = await source.OpenAsync(new(title, [], exclude, []), _progress, Cancelled).ConfigureAwait(false);
        _sources.Add(tree);
        var opened = new SourceTree(tree.Root, ignore, keepsOwners: false);
        Keep(opened);
        return new(opened, null, null);
    }

    private async Task<TreeUse> MountAsync(IReadOnlyList<Digest> diffIds, string key)
    {
        var mounted = await MountedLayers.MountAsync(_services.Layers, diffIds, mappings: null, Cancelled).ConfigureAwait(false);
        var tree = new SourceTree(mounted.Root, new([]), keepsOwners: true);

        // The descriptor before the mount it holds.
        Keep(new Both(tree, mounted));
        return new(tree, diffIds, key);
    }

    private Task<TreeUse> TreeAsync(string key, Func<Task<TreeUse>> open) => _trees.GetOrAdd(key, _ => new(open)).Value;

    private sealed class Both(IDisposable first, IDisposable second) : IDisposable
    {
        public void Dispose()
        {
            first.Dispose();
            second.Dispose();
        }
    }

    private sealed class PullProgress(IBuildProgress progress, BuildStep step) : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value) => progress.Moved(step, value.Id.Length > 0 ? $"{value.Id}: {value.Status}" : value.Status, value.Current, value.Total, value.Status is "Pull complete" or "Already exists");
    }
}
