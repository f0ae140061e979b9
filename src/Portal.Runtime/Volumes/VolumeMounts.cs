using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Mounts;

namespace Portal.Runtime.Volumes;

/// <summary>
/// Knows who uses which volume just now. Mounts what volumes with options are made of for the first user, and unmounts it after
/// the last. Nothing of this is stored: the kernel tells what is mounted, and running containers are known. An agent that ends half way leaves at most a
/// mount without users, which the next one takes away.
/// </summary>
internal sealed partial class VolumeMounts(ILogger<VolumeMounts> log)
{
    private readonly ConcurrentDictionary<string, Place> _places = new(StringComparer.Ordinal);

    /// <summary>Has a volume in its place for somebody. Twice for the same one counts once.</summary>
    /// <exception cref="ErrorException">In Docker's words, without accounts: it cannot be mounted.</exception>
    public void Hold(VolumeSnapshot volume, object user)
    {
        // One lock each: a server that does not answer holds up its own volume only.
        var place = PlaceOf(volume);
        lock (place)
        {
            if (place.Alone is { } alone && alone != user)
            {
                throw new ErrorException(ErrorKind.Conflict, "volume.restoring", $"volume {volume.Name} is being restored");
            }

            if (place.Mounts && !IsMounted(volume))
            {
                Mount(volume);
            }

            place.Users.Add(user);
        }
    }

    /// <summary>Has a volume in its place for somebody, and for nobody else until that is released. False when somebody uses it.</summary>
    /// <exception cref="ErrorException">It cannot be mounted.</exception>
    public bool TryTakeAlone(VolumeSnapshot volume, object user)
    {
        var place = PlaceOf(volume);
        lock (place)
        {
            if (place.Users.Count > 0)
            {
                return false;
            }

            Hold(volume, user);
            place.Alone = user;
            return true;
        }
    }

    /// <summary>Ends all that somebody holds.</summary>
    public void Release(object user)
    {
        foreach (var place in _places.Values)
        {
            lock (place)
            {
                place.Alone = place.Alone == user ? null : place.Alone;
                if (place.Users.Remove(user) && place.Users.Count == 0 && place.Mounts)
                {
                    TryUnmount(place);
                }
            }
        }
    }

    /// <summary>Has volumes in their places until that is disposed of.</summary>
    public IDisposable Use(params ReadOnlySpan<VolumeSnapshot> volumes)
    {
        var use = new Held(this);
        try
        {
            foreach (var volume in volumes)
            {
                Hold(volume, use);
            }

            return use;
        }
        catch
        {
            use.Dispose();
            throw;
        }
    }

    /// <summary>True while somebody uses a volume.</summary>
    public bool IsUsed(string name)
    {
        if (!_places.TryGetValue(name, out var place))
        {
            return false;
        }

        lock (place)
        {
            return place.Users.Count > 0;
        }
    }

    /// <summary>After a start: takes over who holds a volume, and takes away what nobody does.</summary>
    public void Adopt(VolumeSnapshot volume, IEnumerable<object> users)
    {
        var place = PlaceOf(volume);
        lock (place)
        {
            place.Users.UnionWith(users);
            if (place.Users.Count == 0 && place.Mounts)
            {
                TryUnmount(place);
            }
        }
    }

    /// <summary>A volume is about to be deleted: nothing may be mounted in its place any more.</summary>
    /// <exception cref="ErrorException">409: it is being used.</exception>
    public void Drop(VolumeSnapshot volume)
    {
        var place = PlaceOf(volume);
        lock (place)
        {
            if (place.Users.Count > 0)
            {
                throw new ErrorException(ErrorKind.Conflict, "volume.in_use", $"remove {volume.Name}: volume is in use");
            }

            if (place.Mounts)
            {
                Libc.Unmount(place.Path);
            }
        }
    }

    private Place PlaceOf(VolumeSnapshot volume)
    {
        // Of one that was deleted and made anew the place is the same, but its options may be others.
        var place = _places.GetOrAdd(volume.Name, static (_, path) => new(path), volume.MountPoint);
        place.Mounts = volume.Options.IsMounted;
        return place;
    }

    private static bool IsMounted(VolumeSnapshot volume) => Libc.Stat(volume.MountPoint, out var facts) == 0 && facts.IsMountRoot;

    private void TryUnmount(Place place)
    {
        try
        {
            Libc.Unmount(place.Path);
        }
        catch (LinuxException ex)
        {
            // The next user finds it in its place, and the last one tries again.
            LogUnmount(place.Path, ex.Message);
        }
    }

    private static void Mount(VolumeSnapshot volume)
    {
        var plan = VolumeMountPlan.Of(volume.Options.MountOptions);
        try
        {
            var (device, data) = VolumeAddress.Resolve(volume.Options, plan.Data);

            // Made where nobody sees it, and put in its place whole: what is to be read-only never is anything else.
            using var tree = PrivateMountTable.Run(() => Make(volume, plan, device, data));
            Libc.AttachTree(tree, volume.MountPoint);
            if (plan.Propagation != MountFlags.None)
            {
                Libc.Mount("none", volume.MountPoint, null, plan.Propagation, null);
            }
        }
        catch (LinuxException ex)
        {
            Libc.Unmount(volume.MountPoint);

            throw new ErrorException(ErrorKind.Internal, "volume.mount", VolumeMountFailure.Of(volume, plan.Flags, ex.Errno), ex);
        }
    }

    private static Microsoft.Win32.SafeHandles.SafeFileHandle Make(VolumeSnapshot volume, VolumeMountPlan plan, string device, string data)
    {
        Libc.Mount(device, volume.MountPoint, volume.Options.Type, plan.Flags, data.Length > 0 ? data : null);
        using var root = SafeSubpath.OpenFolder(volume.MountPoint);
        if (plan.SecondStep is { } flags)
        {
            // What the source may not do, its bind may not either.
            const FileSystemFlags Kept = FileSystemFlags.ReadOnly | FileSystemFlags.NoSuid | FileSystemFlags.NoDev | FileSystemFlags.NoExec;
            var kept = (MountFlags)(ulong)(Libc.FileSystemOf(root, volume.MountPoint).Flags & Kept);
            Libc.Mount(device, volume.MountPoint, null, flags | kept, null);
        }

        return Libc.CloneTree(root, recursive: true, volume.MountPoint);
    }

    [LoggerMessage(3321, LogLevel.Warning, "What is mounted at {Path} is used by nobody and could not be unmounted: {Problem}.")]
    private partial void LogUnmount(string path, string problem);

    /// <param name="path">Where the volume is.</param>
    private sealed class Place(string path)
    {
        public string Path => path;

        /// <summary>Something is mounted there while it is used.</summary>
        public bool Mounts { get; set; }

        public HashSet<object> Users { get; } = [];

        /// <summary>Who has it for itself.</summary>
        public object? Alone { get; set; }
    }

    private sealed class Held(VolumeMounts mounts) : IDisposable
    {
        public void Dispose() => mounts.Release(this);
    }
}
