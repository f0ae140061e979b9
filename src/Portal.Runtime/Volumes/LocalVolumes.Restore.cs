using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;
using Portal.Runtime.Containers;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Volumes;

/// <summary>Volumes that come from a backup: unpacked where nobody looks, and put in their place whole.</summary>
internal sealed partial class LocalVolumes
{
    /// <summary>Beside the data of a volume that is a folder.</summary>
    private const string BesideName = "_restoring";

    /// <summary>In a volume that is mounted, which has no beside.</summary>
    private const string InsideName = ".portal-restoring";

    /// <summary>Tells that there is something in a mounted volume, and how far it got.</summary>
    private const string MarkName = "restoring";

    // What mkfs leaves in a new file system.
    private const string LostAndFound = "lost+found";

    private static readonly byte[] s_unpacking = "unpacking"u8.ToArray(), s_moving = "moving"u8.ToArray();

    private readonly HashSet<string> _comingVolumes = new(StringComparer.Ordinal);

    private TimeProvider Clock => time;

    private VolumeMounts Mounts => mounts;

    /// <summary>Begins to restore a volume. Until the answer is disposed of, nobody else uses it.</summary>
    /// <exception cref="ErrorException">409: it is used, it is not empty, or it is in memory.</exception>
    public VolumeRestoration BeginRestore(string name)
    {
        VolumeName.Check(name);
        if (!_volumes.TryGetValue(name, out var volume))
        {
            return new NewVolume(this, name);
        }

        if (volume.Options.Backing == VolumeBacking.Memory)
        {
            throw new ErrorException(ErrorKind.Conflict, "volume.in_memory", $"volume {name} is in memory: what is restored into it would be gone at once");
        }

        var user = new object();
        if (!mounts.TryTakeAlone(volume, user))
        {
            throw new ErrorException(ErrorKind.Conflict, "volume.in_use", $"volume {name} is in use; stop the containers that use it first");
        }

        try
        {
            DemandEmpty(volume);
            return volume.Options.IsMounted ? new MountedVolume(this, volume, user) : new FolderVolume(this, volume, user);
        }
        catch
        {
            mounts.Release(user);
            throw;
        }
    }

    /// <summary>Finishes or undoes what an earlier agent had begun in a volume that is mounted.</summary>
    private void SettleRestore(VolumeSnapshot volume)
    {
        var mark = $"{Root}/{volume.Name}/{MarkName}";
        if (!File.Exists(mark))
        {
            return;
        }

        try
        {
            using var used = mounts.Use(volume);
            using var root = OpenPath(volume.MountPoint);
            if (File.ReadAllBytes(mark).AsSpan().SequenceEqual(s_moving))
            {
                MoveUp(root, []);
            }

            DirectoryTree.DeleteAt(root, Encoding.ASCII.GetBytes(InsideName));
            File.Delete(mark);
        }
        catch (Exception ex) when (ex is IOException or ErrorException)
        {
            LogRestoreLeft(volume.Name, InsideName, ex.Message);
        }
    }

    private static SafeFileHandle OpenPath(string path)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        var errno = Libc.Open(bytes, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow, 0, out var handle);
        return errno == 0 ? handle! : throw Libc.Failure("open", bytes, errno);
    }

    private static void DemandEmpty(VolumeSnapshot volume)
    {
        var names = Directory.EnumerateFileSystemEntries(volume.MountPoint).Select(path => Path.GetFileName(path));
        if (names.Any(name => !volume.Options.IsMounted || name is not (LostAndFound or InsideName)))
        {
            throw NotEmpty(volume.Name);
        }
    }

    /// <summary>Moves everything out of the folder it was unpacked into, then makes the volume like that folder.</summary>
    private static void MoveUp(SafeFileHandle root, List<byte[]> moved)
    {
        if (Libc.OpenAt(root, Encoding.ASCII.GetBytes(InsideName), Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow, 0, out var staging) is not 0 and var errno)
        {
            // All of it was moved, and the folder deleted, before the agent ended.
            _ = errno == Errno.ENOENT ? 0 : throw Libc.Failure("open", Encoding.ASCII.GetBytes(InsideName), errno);
            return;
        }

        using (staging)
        {
            var names = new List<(byte[] Name, FileKind Kind)>();
            Check(Libc.ReadDirectory(staging!, names), "getdents");
            foreach (var (name, _) in names)
            {
                errno = Libc.RenameNewAt(staging!, name, root, name);
                if (errno == 0)
                {
                    moved.Add(name);
                }
                else if (errno != Errno.EEXIST || !name.AsSpan().SequenceEqual(Encoding.ASCII.GetBytes(LostAndFound)))
                {
                    throw errno == Errno.EEXIST ? NotEmpty(InsideName) : Libc.Failure("rename", name, errno);
                }
            }

            Check(Libc.StatAt(staging!, [], out var facts), "stat");
            if (Environment.IsPrivilegedProcess)
            {
                Check(Libc.ChangeOwner(root, facts.UserId, facts.GroupId), "chown");
            }

            foreach (var name in Libc.ListAttributes(staging!))
            {
                if (Libc.GetAttribute(staging!, name) is { } value)
                {
                    _ = Libc.SetAttribute(root, name, value);
                }
            }

            Check(Libc.ChangeMode(root, facts.Mode), "chmod");
            DirectoryTree.DeleteAt(root, Encoding.ASCII.GetBytes(InsideName));
            Check(Libc.SetTime(root, facts.Modified), "utimensat");
            Check(Libc.SyncFileSystem(root), "syncfs");
        }

        static void Check(Errno errno, string call)
        {
            if (errno != 0)
            {
                throw Libc.Failure(call, Encoding.ASCII.GetBytes(InsideName), errno);
            }
        }
    }

    private static ErrorException NotEmpty(string name) => new(ErrorKind.Conflict, "volume.not_empty", $"volume {name} is not empty; a backup is restored into a new or an empty one");

    private static ErrorException Coming(string name) => new(ErrorKind.Conflict, "volume.restoring", $"volume {name} is being restored");

    [LoggerMessage(3322, LogLevel.Warning, "A restore of volume {Volume} was cut short, and what it left in {Folder} cannot be cleared away now; the next start tries again. {Problem}")]
    private partial void LogRestoreLeft(string volume, string folder, string problem);

    /// <summary>A volume that does not exist before it is whole. Without a record its folder is no volume, and goes at the next start.</summary>
    private sealed class NewVolume : VolumeRestoration
    {
        private readonly LocalVolumes _volumes;
        private readonly string _name;
        private readonly string _folder;

        public NewVolume(LocalVolumes volumes, string name)
        {
            (_volumes, _name, _folder) = (volumes, name, $"{volumes.Root}/{name}");
            lock (volumes._lock)
            {
                if (volumes._volumes.ContainsKey(name) || !volumes._comingVolumes.Add(name))
                {
                    throw Coming(name);
                }
            }

            try
            {
                if (SetAside.Exists(_folder + "/volume.json"))
                {
                    throw new ErrorException(ErrorKind.Conflict, "volume.unreadable", $"create {name}: the record of this volume cannot be read; it was set aside in volumes/{name} of the data root, where its data is too");
                }

                Directory.CreateDirectory(_folder, LocalVolumes.Private);
                Directory.CreateDirectory(Folder, Open);
            }
            catch
            {
                Leave();
                throw;
            }
        }

        public override string Folder => _folder + "/_data";

        public override void Commit(VolumeManifest manifest)
        {
            SyncFolder();
            lock (_volumes._lock)
            {
                var volume = new VolumeSnapshot(_name, Folder, _volumes.Clock.GetUtcNow(), manifest.Labels, Anonymous: false);
                DurableFile.Write(_folder + "/volume.json", JsonSerializer.SerializeToUtf8Bytes(VolumeRecord.Of(volume, null), ContainerJson.Default.VolumeRecord));
                Libc.SyncDirectory(_volumes.Root);
                _volumes._volumes[_name] = volume;
                Committed = true;
                _volumes.Publish("create", _name);
            }
        }

        public override void Dispose()
        {
            if (!Committed)
            {
                DirectoryTree.Delete(_folder);
            }

            Leave();
        }

        private void Leave()
        {
            lock (_volumes._lock)
            {
                _volumes._comingVolumes.Remove(_name);
            }
        }
    }

    /// <summary>An empty volume in a folder, which the one unpacked beside it replaces in one step.</summary>
    private sealed class FolderVolume : VolumeRestoration
    {
        private readonly LocalVolumes _volumes;
        private readonly VolumeSnapshot _volume;
        private readonly object _user;

        public FolderVolume(LocalVolumes volumes, VolumeSnapshot volume, object user)
        {
            (_volumes, _volume, _user) = (volumes, volume, user);
            DirectoryTree.Delete(Folder);
            Directory.CreateDirectory(Folder, Open);
        }

        public override string Folder => $"{_volumes.Root}/{_volume.Name}/{BesideName}";

        public override void Commit(VolumeManifest manifest)
        {
            SyncFolder();
            using var parent = OpenPath($"{_volumes.Root}/{_volume.Name}");
            var errno = Libc.RenameAt(parent, Encoding.ASCII.GetBytes(BesideName), parent, "_data"u8);
            if (errno != 0)
            {
                throw errno is Errno.ENOTEMPTY or Errno.EEXIST ? NotEmpty(_volume.Name) : Libc.Failure("rename", Encoding.ASCII.GetBytes(BesideName), errno);
            }

            Committed = true;
            _ = Libc.Sync(parent);
        }

        public override void Dispose()
        {
            if (!Committed)
            {
                DirectoryTree.Delete(Folder);
            }

            _volumes.Mounts.Release(_user);
        }
    }

    /// <summary>An empty volume on a file system of its own. What was unpacked is moved, name by name, and a mark tells the next agent how far that got.</summary>
    private sealed class MountedVolume : VolumeRestoration
    {
        private readonly LocalVolumes _volumes;
        private readonly VolumeSnapshot _volume;
        private readonly object _user;
        private readonly SafeFileHandle _root;

        public MountedVolume(LocalVolumes volumes, VolumeSnapshot volume, object user)
        {
            (_volumes, _volume, _user) = (volumes, volume, user);
            _root = OpenPath(volume.MountPoint);
            try
            {
                DurableFile.Write(Mark, s_unpacking);
                DirectoryTree.DeleteAt(_root, Encoding.ASCII.GetBytes(InsideName));
                Directory.CreateDirectory(Folder, LocalVolumes.Private);
            }
            catch
            {
                _root.Dispose();
                throw;
            }
        }

        public override string Folder => $"{_volume.MountPoint}/{InsideName}";

        private string Mark => $"{_volumes.Root}/{_volume.Name}/{MarkName}";

        public override void Commit(VolumeManifest manifest)
        {
            SyncFolder();
            DemandEmpty(_volume);
            DurableFile.Write(Mark, s_moving);
            var moved = new List<byte[]>();
            try
            {
                MoveUp(_root, moved);
                Committed = true;
            }
            catch
            {
                DurableFile.Write(Mark, s_unpacking);
                moved.ForEach(name => DirectoryTree.DeleteAt(_root, name));
                throw;
            }
        }

        public override void Dispose()
        {
            if (!Committed)
            {
                DirectoryTree.DeleteAt(_root, Encoding.ASCII.GetBytes(InsideName));
            }

            _root.Dispose();
            File.Delete(Mark);
            _volumes.Mounts.Release(_user);
        }
    }
}
