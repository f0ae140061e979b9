using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Copying;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Builds.Fetching;
using Portal.Runtime.Builds.Running;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Builds.Contexts;

/// <inheritdoc cref="IBuildContexts"/>
internal sealed class BuildContexts(RuntimeOptions options, HttpFetch http, GitFetch git) : IBuildContexts
{
    public async Task<ReceivedContext> ReceiveAsync(Stream archive, CancellationToken ct)
    {
        var scratch = new BuildScratch(options);
        try
        {
            var folder = scratch.OnDisk("context");
            await ArchiveThread.RunAsync(
                () =>
                {
                    using var blocking = new BlockingStream(archive, ct);
                    Unpack(blocking, folder, ct);
                },
                ct).ConfigureAwait(false);
            return new Context(scratch, folder);
        }
        catch
        {
            scratch.Dispose();
            throw;
        }
    }

    public async Task<ReceivedContext> FetchAsync(string address, bool keepGit, CancellationToken ct)
    {
        var scratch = new BuildScratch(options);
        try
        {
            var folder = scratch.OnDisk("context");
            if (GitAddress.TryParse(address) is { } repository)
            {
                _ = await git.GetAsync(repository, folder, keepGit, ct).ConfigureAwait(false);
                using var tree = new SourceTree(folder, new([]), keepsOwners: false);
                return new Context(scratch, tree.RealPath(SourceTree.Clean(repository.Folder)) is { } inside && Directory.Exists(inside)
                    ? inside
                    : throw new ErrorException(ErrorKind.Invalid, "build.git", $"the repository on {repository.Host} has no folder {repository.Folder}"));
            }

            if (!HttpFetch.IsAddress(address))
            {
                throw new ErrorException(ErrorKind.Invalid, "build.remote", $"remoteURL ({address}) could not be recognized as URL");
            }

            var file = await http.GetAsync(address, scratch.OnDisk("fetch"), (_, _) => { }, ct).ConfigureAwait(false);
            await ArchiveThread.RunAsync(() => Take(file, folder, ct), ct).ConfigureAwait(false);
            return new Context(scratch, folder);
        }
        catch
        {
            scratch.Dispose();
            throw;
        }
    }

    private static void Take(FetchedFile file, string folder, CancellationToken ct)
    {
        var bytes = Encoding.UTF8.GetBytes(file.Path);
        if (Libc.Open(bytes, Libc.OpenPath, 0, out var node) is not 0 and var errno)
        {
            throw Libc.Failure("open", bytes, errno);
        }

        using (node)
        {
            if (Archives.Recognise(node!) is null)
            {
                Directory.CreateDirectory(folder);
                File.Copy(file.Path, Path.Combine(folder, "Dockerfile"));
                return;
            }
        }

        using var archive = File.OpenRead(file.Path);
        Unpack(archive, folder, ct);
    }

    private static void Unpack(Stream archive, string folder, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        using var tar = Compression.Unpack(archive);
        using var applier = new ContextApplier(folder);
        try
        {
            applier.Apply(tar, ct);

            // The client writes to the end; an answer before that looks like a broken connection to it.
            tar.CopyTo(Stream.Null);
        }
        catch (InvalidDataException e)
        {
            throw ArchiveErrors.Damaged(e);
        }
    }

    /// <summary>Files, folders and links: whoever sends a context has no devices to give, and owns nothing here.</summary>
    private sealed class ContextApplier(string folder) : TarApplier(new PathInRoot(folder), Environment.IsPrivilegedProcess, SpaceBudget.For(folder))
    {
        protected override bool Admit(TarEntry entry, ReadOnlySpan<byte> leaf, byte[] path) => entry.Kind is not (TarKind.CharacterDevice or TarKind.BlockDevice);

        protected override (uint User, uint Group) OwnerOf(TarEntry entry) => (0, 0);
    }

    private sealed class Context(BuildScratch scratch, string root) : ReceivedContext
    {
        private readonly Lock _gate = new();
        private bool _disposed;

        public override Task<IBuildTree> OpenAsync(BuildFilter filter, IBuildProgress progress, CancellationToken ct) => Task.Run<IBuildTree>(
            () =>
            {
                if (filter.Exclude.Count > 0)
                {
                    lock (_gate)
                    {
                        Exclude(new IgnorePatterns(filter.Exclude), ct);
                    }
                }

                return new Tree(root);
            },
            ct);

        protected override void Dispose(bool disposing)
        {
            if (!_disposed)
            {
                _disposed = true;
                scratch.Dispose();
            }
        }

        /// <summary>Deletes what is left out: a mount of the context shows files without asking anybody.</summary>
        private void Exclude(IgnorePatterns ignore, CancellationToken ct)
        {
            using var tree = new SourceTree(root, new([]), keepsOwners: false);
            byte[][] doomed = [.. TreeWalk.Below(tree, "", tree.Root, new([])).Where(node => node.Facts.Kind != FileKind.Directory && ignore.Matches(Encoding.UTF8.GetString(node.Path))).Select(node => node.Path)];
            foreach (var path in doomed)
            {
                ct.ThrowIfCancellationRequested();
                var leaf = TarName.LeafOf(path);
                if (Libc.OpenInRoot(tree.Root, leaf == 0 ? "."u8 : path.AsSpan(0, leaf), Libc.OpenPath | Libc.OpenDirectory, followLinks: false, out var parent) == 0)
                {
                    using (parent)
                    {
                        _ = Libc.UnlinkAt(parent!, path.AsSpan(leaf), isDirectory: false);
                    }
                }
            }

            // Folders that are empty now, the deepest first.
            foreach (var path in TreeWalk.Below(tree, "", tree.Root, new([])).Where(node => node.Facts.Kind == FileKind.Directory && ignore.Matches(Encoding.UTF8.GetString(node.Path))).Select(node => node.Path).Reverse().ToArray())
            {
                var leaf = TarName.LeafOf(path);
                if (Libc.OpenInRoot(tree.Root, leaf == 0 ? "."u8 : path.AsSpan(0, leaf), Libc.OpenPath | Libc.OpenDirectory, followLinks: false, out var parent) == 0)
                {
                    using (parent)
                    {
                        _ = Libc.UnlinkAt(parent!, path.AsSpan(leaf), isDirectory: true);
                    }
                }
            }
        }

        private sealed class Tree(string root) : IBuildTree
        {
            public string Root => root;

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
