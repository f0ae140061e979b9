using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Files;

/// <summary>
/// Unpacks an archive into a folder of a container, as <c>docker cp</c> does: folders are merged, everything else is replaced,
/// and names have no second meaning.
/// </summary>
/// <param name="folder">The folder. Closed with this object.</param>
/// <param name="path">The folder as the client calls it.</param>
/// <param name="keepKinds">A folder takes the place of a folder only, and a file that of a file.</param>
/// <param name="owner">Who is to own everything, as the container knows them; null leaves the archive's owners.</param>
/// <param name="mappings">How owners are known outside of the container; null for the same.</param>
/// <param name="budget">Bounds what is written; null when only the disk does.</param>
/// <param name="privileged">Owners, devices and protected attributes are restored. Off for tests without root.</param>
internal sealed class CopyApplier(
    SafeFileHandle folder, string path, bool keepKinds, (uint User, uint Group)? owner, IdMappings? mappings, SpaceBudget? budget, bool privileged)
    : TarApplier(new PathInRoot(folder), privileged, budget)
{
    protected override bool IsLive => true;

    protected override (uint User, uint Group) OwnerOf(TarEntry entry)
    {
        var (user, group) = owner ?? base.OwnerOf(entry);
        return mappings is null ? (user, group)
            : mappings.UserInside(mappings.UserOutside(user)) == user && mappings.GroupInside(mappings.GroupOutside(group)) == group
                ? (mappings.UserOutside(user), mappings.GroupOutside(group))
            : throw new ErrorException(ErrorKind.Invalid, "files.unmapped", $"the owner {user}:{group} of {ArchiveErrors.Show(entry.Name)} has no counterpart in the container's user namespace");
    }

    protected override void Replacing(TarEntry entry, FileFacts existing, byte[] name)
    {
        if (!keepKinds)
        {
            return;
        }

        if (existing.Kind == FileKind.Directory && entry.Kind != TarKind.Directory)
        {
            throw FileErrors.FileOverFolder(name, path);
        }

        if (existing.Kind != FileKind.Directory && entry.Kind == TarKind.Directory)
        {
            throw FileErrors.FolderOverFile(name, path);
        }
    }

    protected override void Entering(SafeFileHandle directory, ReadOnlySpan<byte> inside)
    {
        if (KernelFileSystems.Holds(directory))
        {
            throw new ErrorException(ErrorKind.Forbidden, "files.kernel", $"{path}/{System.Text.Encoding.UTF8.GetString(inside)} is on a file system of the kernel, which copies do not write to");
        }
    }
}
