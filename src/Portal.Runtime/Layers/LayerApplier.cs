using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Layers;

/// <summary>
/// Unpacks one layer archive into a directory in overlayfs form. The directory holds this layer only: files of lower layers
/// are not in it.
/// </summary>
/// <param name="folder">Where to.</param>
/// <param name="lowers">Answers the unpacked lower layers, topmost first: directories that the archive implies take owner and mode from there.</param>
/// <param name="privileged">Owners, devices and protected attributes are restored. Off for tests without root.</param>
/// <param name="budget">Bounds what is written.</param>
internal sealed class LayerApplier(string folder, Func<IReadOnlyList<string>> lowers, bool privileged, SpaceBudget budget)
    : TarApplier(new PathInRoot(folder), privileged, budget)
{
    private PathInRoot[]? _lowers;

    public override void Dispose()
    {
        base.Dispose();
        foreach (var lower in _lowers ?? [])
        {
            lower.Dispose();
        }
    }

    protected override void ApplyRoot(TarEntry entry) => Describe(Root.Root, [], entry);

    protected override bool Admit(TarEntry entry, ReadOnlySpan<byte> leaf, byte[] path) => Whiteout.Parse(leaf, out _) != WhiteoutKind.Bookkeeping;

    protected override bool ApplyMarker(SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path)
    {
        switch (Whiteout.Parse(leaf, out var hidden))
        {
            case WhiteoutKind.Opaque:
                MakeOpaque(parent, path);
                return true;
            case WhiteoutKind.Deleted:
                Hide(parent, hidden, path);
                return true;
            default:
                return false;
        }
    }

    protected override void DirectoryMade(SafeFileHandle directory, FileFacts? replaced, byte[] path)
    {
        if (replaced is { IsWhiteout: true })
        {
            // Deleted and made anew: what the lower layers have in it must not shine through.
            MakeOpaque(directory, path);
        }
    }

    /// <summary>In a merged tree it must look as the lower one does.</summary>
    protected override void Implied(SafeFileHandle directory, ReadOnlySpan<byte> path)
    {
        foreach (var lower in _lowers ??= [.. lowers().Select(l => new PathInRoot(l))])
        {
            if (lower.TryStat(path, out var facts) != 0)
            {
                continue;
            }

            if (facts.Kind == FileKind.Directory)
            {
                if (Privileged)
                {
                    Check(Libc.ChangeOwner(directory, facts.UserId, facts.GroupId), "chown", path);
                }

                Check(Libc.ChangeMode(directory, facts.Mode), "chmod", path);
                SetTimeLater(path.ToArray(), facts.Modified);
            }

            return;
        }
    }

    /// <summary>Hides what lower layers have under a name. What this layer itself has there stays.</summary>
    private void Hide(SafeFileHandle parent, ReadOnlySpan<byte> name, byte[] path)
    {
        if (Libc.OpenNode(parent, name, out var node) != 0)
        {
            Check(Libc.MakeNodeAt(parent, name, FileKind.CharacterDevice, 0, 0, 0), "mknod", path);
            return;
        }

        using (node)
        {
            if (Libc.StatAt(node!, [], out var facts) == 0 && facts.Kind == FileKind.Directory)
            {
                MakeOpaque(node!, path);
            }
        }
    }

    private void MakeOpaque(SafeFileHandle directory, byte[] path)
    {
        var errno = Libc.SetAttribute(directory, Privileged ? "trusted.overlay.opaque"u8 : "user.overlay.opaque"u8, "y"u8);
        Check(errno == Errno.EOPNOTSUPP && !Privileged ? 0 : errno, "setxattr", path);
    }
}
