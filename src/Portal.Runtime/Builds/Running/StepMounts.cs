using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Copying;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Builds.Running;

/// <summary>A mount of a RUN with its texts replaced and its source found.</summary>
/// <param name="Mount">The mount.</param>
/// <param name="Target">Absolute.</param>
/// <param name="Source">Tree it takes files from; null for none.</param>
/// <param name="Path">Clean path in it.</param>
/// <param name="Id">Of a cache, secret or agent.</param>
internal sealed record StepMount(RunMount Mount, string Target, TreeUse? Source, string Path, string Id)
{
    /// <summary>Of a cache: the same for the same id, beginning, owner and mode.</summary>
    public string CacheName { get; } = Mount.Kind == RunMountKind.Cache
        ? CacheKey.Of("mount", Id, Source is null ? "" : $"{Source.Key}/{Path}", $"{Mount.UserId}:{Mount.GroupId} {Mount.Mode}")
        : "";
}

/// <summary>A tree that a build has mounted or received.</summary>
/// <param name="Tree">The tree.</param>
/// <param name="DiffIds">Layers it consists of; null when it is no image's.</param>
/// <param name="Key">Stands for it; null when that is known by its contents only.</param>
internal sealed record TreeUse(SourceTree Tree, IReadOnlyList<Digest>? DiffIds, string? Key);

/// <summary>
/// The mounts of one RUN while it runs. Sources are opened inside of their trees and mounted by descriptor: no name is looked up twice. Where
/// the ids of containers are others on this machine, owners are shown to the command as they are meant.
/// </summary>
internal sealed class StepMounts(BuildScratch scratch, CacheMounts caches, ILayerStore layers, IdMappings? mappings, IBuildSecrets? secrets, IBuildSshAgents? agents) : IAsyncDisposable
{
    private readonly List<IDisposable> _held = [];
    private readonly List<IAsyncDisposable> _relays = [];
    private readonly List<string> _mounted = [];
    private readonly Dictionary<StepMount, string> _caches = [];

    public List<MountSpec> Specs { get; } = [];

    /// <summary>Variables that the mounts give.</summary>
    public List<string> Environment { get; } = [];

    /// <summary>Variables that nobody is to see.</summary>
    public List<string> SecretEnvironment { get; } = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var relay in _relays)
        {
            await relay.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var target in _mounted)
        {
            Libc.Unmount(target);
        }

        _held.ForEach(held => held.Dispose());
    }

    /// <summary>Has a file of the Dockerfile in the container.</summary>
    public void AddFile(string target, string content, uint mode)
    {
        var path = scratch.InMemory("file");
        Write(path, Encoding.UTF8.GetBytes(content), mode, (0, 0));
        Bind(path, target, readOnly: true);
    }

    /// <summary>Prepares the mounts of a step.</summary>
    /// <exception cref="ErrorException">400: a source is not there, or the client has not what is asked for.</exception>
    public async Task AddAsync(IReadOnlyList<StepMount> steps, int line, CancellationToken ct)
    {
        // Folders that may have to be waited for, in an order that is everybody's, and each once: steps never wait for each other in circles.
        foreach (var same in steps.Where(step => step.Mount.Kind == RunMountKind.Cache).GroupBy(step => step.CacheName).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var first = same.OrderByDescending(step => step.Mount.Sharing).First();
            var cache = await caches.TakeAsync(first.CacheName, first.Id, first.Mount, folder => Fill(first, folder, line, ct), ct).ConfigureAwait(false);
            _held.Add(cache);
            foreach (var step in same)
            {
                _caches[step] = cache.Path;
            }
        }

        foreach (var step in steps)
        {
            await AddAsync(step, line, ct).ConfigureAwait(false);
        }
    }

    private async Task AddAsync(StepMount step, int line, CancellationToken ct)
    {
        switch (step.Mount.Kind)
        {
            case RunMountKind.Bind:
                await AddBindAsync(step, line, ct).ConfigureAwait(false);
                break;
            case RunMountKind.Cache:
                AddCache(step);
                break;
            case RunMountKind.Tmpfs:
                Specs.Add(new(MountKind.Tmpfs, "", step.Target, ReadOnly: false) { TmpfsSizeBytes = step.Mount.SizeBytes });
                break;
            case RunMountKind.Secret:
                await AddSecretAsync(step, line, ct).ConfigureAwait(false);
                break;
            case RunMountKind.Ssh:
                await AddAgentAsync(step, line, ct).ConfigureAwait(false);
                break;
        }
    }

    private async Task AddBindAsync(StepMount step, int line, CancellationToken ct)
    {
        var (tree, isMapped) = (step.Source!.Tree, false);
        if (mappings is not null && step.Source.DiffIds is { } diffIds)
        {
            // An overlay is mounted with its owners mapped or not; afterwards it cannot be.
            var mounted = await MountedLayers.MountAsync(layers, diffIds, mappings, ct).ConfigureAwait(false);
            _held.Add(mounted);
            (tree, isMapped) = (new SourceTree(mounted.Root, new([]), keepsOwners: true), true);
            _held.Insert(0, tree);
        }

        if (tree.TryOpen(step.Path, followLast: true, out var node) != 0)
        {
            throw new BuildFailure(new(ErrorKind.Invalid, "build.mount", $"failed to compute cache key: \"/{step.Path}\": not found"), line);
        }

        using (node)
        {
            var path = Attach(node!, isMapped);
            var readOnly = step.Mount.ReadOnly ?? true;
            if (!readOnly)
            {
                path = WritableOver(path, line);
            }

            Bind(path, step.Target, readOnly);
        }
    }

    private void AddCache(StepMount step)
    {
        var path = _caches[step];
        if (mappings is not null)
        {
            using var folder = Open(path);
            path = Attach(folder, isMapped: false);
        }

        Bind(path, step.Target, step.Mount.ReadOnly ?? false);
    }

    /// <summary>Mounts what a descriptor is of at a place of our own.</summary>
    /// <param name="node">The descriptor.</param>
    /// <param name="isMapped">Its owners are shown as they are to be.</param>
    private string Attach(SafeFileHandle node, bool isMapped)
    {
        var target = scratch.InMemory("mount");
        if (Libc.StatAt(node, [], out var facts) == 0 && facts.Kind == FileKind.Directory)
        {
            Directory.CreateDirectory(target);
        }
        else
        {
            File.WriteAllBytes(target, []);
        }

        using var tree = Libc.CloneTree(node, recursive: false, target);
        if (mappings is not null && !isMapped)
        {
            Libc.MapOwners(tree, UserNamespace.For(mappings), target);
        }

        Libc.AttachTree(tree, target);
        _mounted.Insert(0, target);
        return target;
    }

    /// <summary>What is written is seen by the step alone, and gone with it.</summary>
    private string WritableOver(string lower, int line)
    {
        // Whoever owns it, as the command is to see it, owns what stands for it.
        FileFacts facts;
        using (var node = Open(lower))
        {
            if (Libc.StatAt(node, [], out facts) is not 0 and var errno)
            {
                throw new LinuxException("stat", lower, errno);
            }
        }

        if (facts.Kind != FileKind.Directory)
        {
            var copy = scratch.OnDisk("copy");
            File.Copy(lower, copy);
            Own(copy, facts.Mode, (facts.UserId, facts.GroupId));
            return copy;
        }

        var upper = scratch.OnDisk("over");
        var target = scratch.InMemory("mount");
        foreach (var folder in (string[])[upper, upper + "/diff", upper + "/work", target])
        {
            Directory.CreateDirectory(folder);
        }

        Own(upper + "/diff", facts.Mode, (facts.UserId, facts.GroupId));
        try
        {
            using var below = Open(lower);
            using var above = Open(upper);
            Libc.Mount(
                "overlay", target, "overlay", MountFlags.None,
                $"lowerdir=/proc/self/fd/{below.DangerousGetHandle()},upperdir=/proc/self/fd/{above.DangerousGetHandle()}/diff,workdir=/proc/self/fd/{above.DangerousGetHandle()}/work,index=off,volatile");
        }
        catch (LinuxException e)
        {
            throw new BuildFailure(new(ErrorKind.Internal, "build.mount", e.Message), line, e);
        }

        _mounted.Insert(0, target);
        return target;
    }

    private async Task AddSecretAsync(StepMount step, int line, CancellationToken ct)
    {
        var value = secrets is null ? null : await secrets.GetAsync(step.Id, ct).ConfigureAwait(false);
        if (value is null)
        {
            if (step.Mount.Required)
            {
                throw new BuildFailure(new(ErrorKind.Invalid, "build.secret", $"failed to solve: secret {step.Id}: not found"), line);
            }

            return;
        }

        if (step.Mount.Variable is { } variable)
        {
            SecretEnvironment.Add($"{variable}={Encoding.UTF8.GetString(value)}");
        }

        if (step.Target.Length > 0)
        {
            var path = scratch.InMemory("secret");
            Write(path, value, step.Mount.Mode ?? 0x100, (step.Mount.UserId ?? 0, step.Mount.GroupId ?? 0));
            Bind(path, step.Target, readOnly: true);
        }
    }

    private async Task AddAgentAsync(StepMount step, int line, CancellationToken ct)
    {
        if (agents is null || !await agents.HasAsync(step.Id, ct).ConfigureAwait(false))
        {
            if (step.Mount.Required)
            {
                throw new BuildFailure(new(ErrorKind.Invalid, "build.ssh", $"failed to solve: unset ssh forward key {step.Id}"), line);
            }

            return;
        }

        var path = scratch.InMemory("agent");
        _relays.Add(new SshRelay(path, step.Id, agents));
        Own(path, step.Mount.Mode ?? 0x180, Outside(step.Mount.UserId ?? 0, step.Mount.GroupId ?? 0));
        Bind(path, step.Target, readOnly: false);
        if (!Environment.Exists(variable => variable.StartsWith("SSH_AUTH_SOCK=", StringComparison.Ordinal)))
        {
            Environment.Add("SSH_AUTH_SOCK=" + step.Target);
        }
    }

    private void Fill(StepMount step, string folder, int line, CancellationToken ct)
    {
        if (step.Source is not { } source)
        {
            return;
        }

        if (source.Tree.TryOpen(step.Path, followLast: true, out var node) != 0)
        {
            throw new BuildFailure(new(ErrorKind.Invalid, "build.mount", $"failed to compute cache key: \"/{step.Path}\": not found"), line);
        }

        using (node)
        {
            var archive = scratch.OnDisk("tar");
            using var file = new FileStream(archive, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 128 * 1024, FileOptions.DeleteOnClose);
            var writer = new TarWriter(file);
            new TreeArchive(writer, (_, _) => false, mappings: null, ct).AddContents(node!, []);
            writer.End();
            file.Position = 0;
            using var applier = new LayerApplier(folder, () => [], System.Environment.IsPrivilegedProcess, SpaceBudget.For(folder));
            applier.Apply(file, ct);
        }
    }

    private void Bind(string source, string target, bool readOnly) => Specs.Add(new(MountKind.Bind, source, target, readOnly) { NonRecursive = true });

    private void Write(string path, byte[] content, uint mode, (uint User, uint Group) owner)
    {
        using (var file = DurableFile.Create(path))
        {
            file.Write(content);
        }

        Own(path, mode, Outside(owner.User, owner.Group));
    }

    /// <summary>Whom the command sees as these.</summary>
    private (uint User, uint Group) Outside(uint user, uint group) => mappings is null ? (user, group) : (mappings.UserOutside(user), mappings.GroupOutside(group));

    private static void Own(string path, uint mode, (uint User, uint Group) owner)
    {
        if (System.Environment.IsPrivilegedProcess)
        {
            _ = Libc.Check(() => Libc.Chown(path, owner.User, owner.Group), "chown", path);
        }

        File.SetUnixFileMode(path, (UnixFileMode)(mode & 0x1FF));
    }

    private static SafeFileHandle Open(string place)
    {
        var path = Encoding.UTF8.GetBytes(place);
        return Libc.Open(path, Libc.OpenPath, 0, out var handle) is var errno && errno == 0 ? handle! : throw Libc.Failure("open", path, errno);
    }
}
