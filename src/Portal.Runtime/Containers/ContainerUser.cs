using Portal.Runtime.Oci;

namespace Portal.Runtime.Containers;

/// <summary>Users of a container, by the passwd and group files of its own root.</summary>
internal static class ContainerUser
{
    /// <summary>Resolves <c>user[:group]</c>.</summary>
    /// <param name="root">Mounted root on the host.</param>
    /// <param name="user">Empty for root.</param>
    /// <param name="groupsAdded">Further groups.</param>
    public static ResolvedUser Resolve(string root, string user, IReadOnlyList<string> groupsAdded) =>
        UserLookup.Resolve(user, groupsAdded, RootFile.ReadText(root, "/etc/passwd"), RootFile.ReadText(root, "/etc/group"));
}
