using System.Globalization;
using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Copying;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Builds.Fetching;
using Portal.Runtime.Builds.Running;
using Portal.Runtime.Layers;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Builds;

/// <summary>Instructions that make files. Each becomes a layer, or is found in the cache.</summary>
internal sealed partial class LayerSteps(BuildJob job, PlannedStage stage, BuildStep step)
{
    /// <summary>WORKDIR makes its folder.</summary>
    public async Task<StepResult> WorkdirAsync(StageState state, WorkdirInstruction workdir)
    {
        var path = Absolute(state, Word(state, workdir.Path, workdir.Line));
        var text = "WORKDIR " + path;
        var next = state with { Config = state.Config with { WorkingDirectory = path } };
        if (path == "/")
        {
            return new(next.WithHistory(text, null, isEmpty: true), Cached: false, "");
        }

        return await CachedAsync(next, CacheKey.Of("workdir", state.Key, path), text, async key =>
        {
            var tree = await job.StateTreeAsync(state).ConfigureAwait(false);
            var layer = await job.Services.Images.AddLayerAsync(
                state.DiffIds,
                tar => new CopyLayer(tar, new(tree.Tree.Root), new(path, IsFolder: true, null, null, new([]), "WORKDIR"), job.Services.Time.GetUtcNow(), job.Cancelled).MakeFolder(path),
                job.Hold, job.Cancelled).ConfigureAwait(false);
            return (layer, "");
        }).ConfigureAwait(false);
    }

    /// <summary>COPY and ADD.</summary>
    public async Task<StepResult> CopyAsync(StageState state, CopyInstruction copy)
    {
        string[] sources = [.. copy.Sources.Select(source => Word(state, source, copy.Line))];
        var destination = Word(state, copy.Destination, copy.Line);
        var owner = copy.Owner is null ? null : Word(state, copy.Owner, copy.Line);
        var mode = copy.Mode is null ? null : Word(state, copy.Mode, copy.Line);
        string[] excluded = [.. copy.Exclude.Select(pattern => Word(state, pattern, copy.Line))];
        var exclude = BuildVariables.Guard(copy.Line, () => new IgnorePatterns(excluded));
        var tree = copy.From is null ? null : await job.SourceAsync(copy.From, stage.Index, state.Platform, step).ConfigureAwait(false);
        var items = await ItemsAsync(state, copy, sources, tree, exclude).ConfigureAwait(false);
        var isFolder = destination.EndsWith('/') || destination is "." || destination.EndsWith("/.", StringComparison.Ordinal) || copy.Parents;
        if (!isFolder && (items.Count > 1 || sources.Length + copy.Heredocs.Count > 1))
        {
            throw Failed(copy.Line, $"When using {copy.Word} with more than one source file, the destination must be a directory and end with a /");
        }

        var options = new CopyOptions(
            Absolute(state, destination), isFolder, null, mode is null ? null : ModeChange.TryParse(mode) ?? throw Failed(copy.Line, $"invalid chmod parameter: '{mode}'. it should be octal string and between 0 and 07777, or symbolic"),
            exclude, copy.Word);
        using var key = new CacheKey("copy");
        key.Add(state.Key).Add(options.Destination).Add(isFolder ? "/" : "").Add(owner).Add(mode).Add(copy.Link ? "link" : "").Add(excluded);
        foreach (var item in items)
        {
            key.Add(item.GetType().Name).Add(item.Name).Add(item.Digest).Add((item as TreeItem)?.Pivot);
        }

        return await CachedAsync(state, key.Finish(), HistoryText.Copy(copy, sources, destination, owner), async _ =>
        {
            var below = await job.StateTreeAsync(state).ConfigureAwait(false);
            var settled = options with { Owner = owner is null ? null : Owner(below.Tree, owner, copy.Line) };

            var view = new LayerView(below.Tree.Root, copy.Link);
            var layer = await job.Services.Images.AddLayerAsync(
                state.DiffIds, tar => new CopyLayer(tar, view, settled, job.Services.Time.GetUtcNow(), job.Cancelled).Write(items), job.Hold, job.Cancelled).ConfigureAwait(false);
            return (layer, "");
        }).ConfigureAwait(false);
    }

    /// <summary>All of a tree as the files of a stage.</summary>
    public async Task<StageState> CopyTreeAsync(StageState state, TreeUse tree)
    {
        if (tree.Tree.TryOpen("", followLast: true, out var node) is not 0 and var errno)
        {
            throw Linux.Libc.Failure("open", "a context"u8, errno);
        }

        using (node)
        {
            var item = new TreeItem(tree.Tree, "", IsFolder: true, null, "", ContentDigest.Of(tree.Tree, "", node!, new([]), job.Cancelled));
            var result = await CachedAsync(state, CacheKey.Of("tree", Convert.ToHexStringLower(item.Digest)), "FROM " + stage.Base, async _ =>
            {
                var layer = await job.Services.Images.AddLayerAsync(
                    [], tar => new CopyLayer(tar, new(null), new("/", IsFolder: true, null, null, new([]), "FROM"), job.Services.Time.GetUtcNow(), job.Cancelled).Write([item]), job.Hold, job.Cancelled)
                    .ConfigureAwait(false);
                return (layer, "");
            }).ConfigureAwait(false);
            return result.State with { History = [] };
        }
    }

    /// <summary>Takes a step from the cache, or does it and puts it there.</summary>
    /// <param name="state">What there is before it, with what it changes of the configuration.</param>
    /// <param name="key">Everything its result depends on.</param>
    /// <param name="history">How it is told.</param>
    /// <param name="work">Does it: its layer, and the container that ran.</param>
    private async Task<StepResult> CachedAsync(StageState state, string key, string history, Func<string, Task<(Digest? Layer, string Container)>> work)
    {
        var cache = job.Services.Cache;
        var below = state.DiffIds;
        using (await cache.EnterAsync(key, job.Cancelled).ConfigureAwait(false))
        {
            if (!IsUncached && cache.TryGet(key, below) is { } record)
            {
                var known = record.DiffId is null ? (Digest?)null : Digest.Parse(record.DiffId, null);
                if (known is not { } blob || job.Services.Images.TryHold(Digest.Parse(record.Chain[^1], null), blob, job.Hold))
                {
                    cache.Use(record);
                    return new(After(state, key, history, known, record.Created), Cached: true, "");
                }
            }

            var (layer, container) = await work(key).ConfigureAwait(false);
            var now = job.Services.Time.GetUtcNow();
            var chain = ChainId.Of(layer is { } made ? [.. below, made] : below);
            cache.Put(new()
            {
                Key = key,
                Description = step.Name,
                Parent = state.Key,
                Chain = [.. chain.Select(id => id.ToString())],
                DiffId = layer?.ToString(),
                SizeBytes = layer is null ? 0 : job.Services.Images.LayerSize(chain[^1]),
                Created = now,
                LastUsed = now,
                Uses = 1,
                IsUnflushed = true,
            });
            return new(After(state, key, history, layer, now), Cached: false, container);
        }
    }

    private StageState After(StageState state, string key, string history, Digest? layer, DateTimeOffset created)
    {
        state = state with { Key = key, Layers = layer is { } blob ? state.Layers.Add(new(blob, blob)) : state.Layers };
        job.Used(key, ChainId.Of(state.DiffIds));
        return state.WithHistory(history, created, isEmpty: layer is null);
    }

    private bool IsUncached => job.Request.NoCache || job.Request.NoCacheStages.Any(name =>
        name.Equals(stage.Stage.Name, StringComparison.OrdinalIgnoreCase) || name == stage.Index.ToString(CultureInfo.InvariantCulture));

    private async Task<List<CopyItem>> ItemsAsync(StageState state, CopyInstruction copy, string[] sources, TreeUse? tree, IgnorePatterns exclude)
    {
        var items = new List<CopyItem>();
        foreach (var source in sources)
        {
            if (copy.IsAdd && GitAddress.TryParse(source) is { } git)
            {
                items.Add(await GitAsync(copy, git).ConfigureAwait(false));
            }
            else if (copy.IsAdd && HttpFetch.IsAddress(source))
            {
                items.Add(await FetchAsync(copy, source).ConfigureAwait(false));
            }
            else
            {
                if (copy.Checksum is not null)
                {
                    throw Failed(copy.Line, "checksum can't be specified for sources that are not fetched");
                }

                tree ??= await job.ContextAsync().ConfigureAwait(false);
                var finder = new CopySources(tree.Tree, copy, exclude, job.Cancelled);
                items.AddRange(await Task.Run(() => finder.Find(source).ToList()).ConfigureAwait(false));
            }
        }

        foreach (var heredoc in copy.Heredocs)
        {
            var text = heredoc.Expands ? BuildVariables.Guard(copy.Line, () => job.Variables.In(state.Config.Environment, state.Arguments).Text(heredoc.Text)) : heredoc.Text;
            var bytes = Encoding.UTF8.GetBytes(text);
            items.Add(new TextItem(bytes, heredoc.Name, Convert.FromHexString(Digest.Of(bytes).Hex)));
        }

        return items.Count > 0 ? items : throw Failed(copy.Line, "no source files were specified");

        BuildFailure Failed(int line, string problem) => new(new(ErrorKind.Invalid, "build.copy", $"{copy.Word} failed: {problem}"), line);
    }

    private async Task<FileItem> FetchAsync(CopyInstruction copy, string address)
    {
        var file = await job.Services.Http.GetAsync(
            address, job.Scratch.OnDisk("fetch"), (current, total) => job.Progress.Moved(step, address, current, total, total > 0 && current == total), job.Cancelled).ConfigureAwait(false);
        if (copy.Checksum is { } checksum && checksum != file.Digest.ToString())
        {
            throw Failed(copy.Line, $"digest mismatch {file.Digest}: {checksum}");
        }

        var name = file.Name.Length > 0 ? file.Name : throw Failed(copy.Line, $"cannot determine filename from url: {address}");
        return new(file.Path, 0x180, file.Modified, name, Convert.FromHexString(file.Digest.Hex));
    }

    private async Task<TreeItem> GitAsync(CopyInstruction copy, GitAddress address)
    {
        var folder = job.Scratch.OnDisk("git");
        var commit = await job.Services.Git.GetAsync(address, folder, copy.KeepGitFolder, job.Cancelled).ConfigureAwait(false);
        if (copy.Checksum is { } checksum && !commit.StartsWith(checksum, StringComparison.Ordinal))
        {
            throw Failed(copy.Line, $"expected checksum to match {checksum}, got {commit}");
        }

        // The folder in it is a path like any other: inside, whatever it says and whatever links the repository has.
        var tree = new SourceTree(folder, new([]), keepsOwners: false);
        job.Keep(tree);
        var path = SourceTree.Clean(address.Folder);
        if (tree.TryOpen(path, followLast: true, out var node) != 0)
        {
            throw Failed(copy.Line, $"the repository on {address.Host} has no folder {address.Folder}");
        }

        // A commit is its content; git's own folder is never the same twice.
        node!.Dispose();
        return new(tree, path, IsFolder: true, null, "", Convert.FromHexString(CacheKey.Of("git", commit, path, copy.KeepGitFolder ? address.Remote : null)));
    }

    /// <summary>Names are those of the tree that is copied to.</summary>
    private static (uint, uint) Owner(SourceTree below, string owner, int line)
    {
        try
        {
            var resolved = UserLookup.Resolve(owner, [], RootFile.ReadText(below.Root, "/etc/passwd"), RootFile.ReadText(below.Root, "/etc/group"));

            // As Docker has it, a number alone is both.
            return (resolved.Uid, !owner.Contains(':', StringComparison.Ordinal) && uint.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : resolved.Gid);
        }
        catch (ErrorException e)
        {
            throw new BuildFailure(e.Error, line, e);
        }
    }

    private string Word(StageState state, string text, int line) => BuildVariables.Guard(line, () => job.Variables.In(state.Config.Environment, state.Arguments).Word(text));

    /// <summary>From the root, ".." taken back as text.</summary>
    private static string Absolute(StageState state, string path) =>
        "/" + SourceTree.Clean(path.StartsWith('/') ? path : $"{state.Config.WorkingDirectory}/{path}");

    private static BuildFailure Failed(int line, string problem) => new(new(ErrorKind.Invalid, "build.step", problem), line);
}
