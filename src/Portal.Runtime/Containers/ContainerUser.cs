using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Containers;

/// <summary>Users of a container, by the passwd and group files of its own root.</summary>
internal static class ContainerUser
{
    private const int FileLimit = 4 << 20;

    /// <summary>Resolves <c>user[:group]</c>.</summary>
    /// <param name="root">Mounted root on the host.</param>
    /// <param name="user">Empty for root.</param>
    /// <param name="groupsAdded">Further groups.</param>
    public static ResolvedUser Resolve(string root, string user, IReadOnlyList<string> groupsAdded)
    {
        using var folder = DescriptorPassing.OpenFolder(root);
        return UserLookup.Resolve(user, groupsAdded, Read(folder, "etc/passwd"u8), Read(folder, "etc/group"u8));
    }

    /// <summary>A file of the container, which may have made it a link to anywhere: the kernel keeps every step inside the root.</summary>
    private static string Read(SafeFileHandle root, ReadOnlySpan<byte> path)
    {
        const int NonBlocking = 0x800;
        var errno = Libc.OpenInRoot(root, path, Libc.OpenReadOnly | NonBlocking, followLinks: true, out var handle);
        using (handle)
        {
            if (errno != 0 || Libc.StatAt(handle!, [], out var facts) != 0 || facts.Kind != FileKind.Regular)
            {
                return "";
            }

            var content = new byte[Math.Min(facts.Size, FileLimit)];
            return Encoding.UTF8.GetString(content, 0, RandomAccess.Read(handle!, content, 0));
        }
    }
}
