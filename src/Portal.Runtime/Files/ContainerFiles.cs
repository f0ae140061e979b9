using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Oci;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Files;

/// <inheritdoc cref="IContainerFiles"/>
internal sealed class ContainerFiles(
    ContainerStore store, ContainerRoots roots, ContainerCommit commit, LayerSizes sizes, ILayerStore layers, IRuntimeEvents events, TimeProvider time) : IContainerFiles
{
    public Task<PathStatus> StatAsync(string container, string path, CancellationToken ct)
    {
        var found = store.Resolve(container);
        return ArchiveThread.RunAsync(
            () =>
            {
                using var root = roots.Open(found, ct);
                var asked = ContainerPath.Parse(path);
                using var node = Open(root, asked, container, path);
                return Status(root, asked, node);
            },
            ct);
    }

    public async Task ReadAsync(string container, string path, Func<PathStatus, Stream> begin, CancellationToken ct)
    {
        var found = store.Resolve(container);
        await ArchiveThread.RunAsync(
            () =>
            {
                using var root = roots.Open(found, ct);
                var asked = ContainerPath.Parse(path);
                using var node = Open(root, asked, container, path);
                using var output = new BlockingOutput(begin(Status(root, asked, node)), ct);
                var writer = new TarWriter(output);
                new TreeArchive(writer, root.Enters, found.Snapshot.Mappings, ct).Add(node, Encoding.UTF8.GetBytes(asked.Name), withContents: !KernelFileSystems.Holds(node));
                writer.End();
            },
            ct).ConfigureAwait(false);
        Publish(found, "archive-path");
    }

    public async Task WriteAsync(string container, string path, Stream archive, CopyOptions options, CancellationToken ct)
    {
        var found = store.Resolve(container);
        await ArchiveThread.RunAsync(
            () =>
            {
                using var root = roots.Open(found, ct);
                if (found.Snapshot.Mappings is { } mappings)
                {
                    // What is made belongs to the container's root; the host's has no id there. The thread ends with this work.
                    Libc.ActAs(mappings.RootUser, mappings.RootGroup);
                }

                Write(found, root, container, path, archive, options, ct);
            },
            ct).ConfigureAwait(false);
        sizes.Forget(found.Id);
        Publish(found, "extract-to-dir");
    }

    public Task<IReadOnlyList<ContainerChange>> ChangesAsync(string container, CancellationToken ct)
    {
        var found = store.Resolve(container);
        return ArchiveThread.RunAsync<IReadOnlyList<ContainerChange>>(
            () =>
            {
                var changes = new List<ContainerChange>();
                foreach (var change in new LayerDiff(layers.Stack(found.Id), privileged: true).Read(listHidden: true))
                {
                    ct.ThrowIfCancellationRequested();
                    changes.Add(new("/" + Encoding.UTF8.GetString(change.Path), change.Kind));
                }

                return changes;
            },
            ct);
    }

    public async Task ExportAsync(string container, Func<Stream> begin, CancellationToken ct)
    {
        var found = store.Resolve(container);
        await ArchiveThread.RunAsync(
            () =>
            {
                // The layer alone, as it is mounted on the host: what is mounted in the container is none of it.
                using var look = roots.Look(found, ct);
                using var root = new PathInRoot(look.Root);
                using var output = new BlockingOutput(begin(), ct);
                var writer = new TarWriter(output);
                new TreeArchive(writer, (_, _) => false, found.Snapshot.Mappings, ct).AddContents(root.Root, []);
                writer.End();
            },
            ct).ConfigureAwait(false);
        Publish(found, "export");
    }

    public Task<Digest> CommitAsync(string container, CommitSpec spec, CancellationToken ct) => commit.CommitAsync(store.Resolve(container), spec, ct);

    public Task<long> SizeAsync(ContainerId container, CancellationToken ct) => sizes.OfContainerAsync(container, ct);

    private void Write(Container container, ContainerRoot root, string reference, string path, Stream archive, CopyOptions options, CancellationToken ct)
    {
        var asked = ContainerPath.Parse(path);
        if (root.TryOpenFolder(asked, out var folder) is not 0 and var errno)
        {
            throw errno == Errno.ENOTDIR ? FileErrors.NoFolder() : FileErrors.Unreachable(path, reference, errno);
        }

        using (folder)
        {
            if (KernelFileSystems.Holds(folder!))
            {
                throw FileErrors.NotFound(path, reference);
            }

            root.DemandWritable(folder!);
            var user = container.Snapshot.Effective.User;
            (uint, uint)? owner = null;
            if (options.TakeUser && user.Length > 0)
            {
                var resolved = UserLookup.Resolve(user, [], RootFile.ReadText(root.Handle, "/etc/passwd"), RootFile.ReadText(root.Handle, "/etc/group"));
                owner = (resolved.Uid, resolved.Gid);
            }

            using var blocking = new BlockingStream(archive, ct);
            using var tar = Compression.Unpack(blocking);
            // Elsewhere than on the engine's own disk, its owner decides how full it may get.
            var budget = root.IsOnRoot(folder!) ? SpaceBudget.For(layers.Stack(container.Id).Upper) : null;
            using var applier = new CopyApplier(folder!, asked.Text, options.KeepKinds, owner, container.Snapshot.Mappings, budget, Environment.IsPrivilegedProcess);
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
    }

    private static Microsoft.Win32.SafeHandles.SafeFileHandle Open(ContainerRoot root, ContainerPath asked, string container, string path) =>
        root.TryOpen(asked, out var node) is not 0 and var errno ? throw FileErrors.Unreachable(path, container, errno) : node!;

    private static PathStatus Status(ContainerRoot root, ContainerPath asked, Microsoft.Win32.SafeHandles.SafeFileHandle node)
    {
        if (Libc.StatAt(node, [], out var facts) is not 0 and var errno)
        {
            throw Libc.Failure("stat", Encoding.UTF8.GetBytes(asked.Text), errno);
        }

        return PathStatus.Of(asked.Name, facts, facts.Kind == FileKind.SymbolicLink ? LinkTarget.Resolve(root.Handle, asked.Text) : "");
    }

    private void Publish(Container container, string action) => events.Publish(ContainerEvent.Of(container.Snapshot, action, time.GetUtcNow()));
}
