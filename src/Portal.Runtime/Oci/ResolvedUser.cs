namespace Portal.Runtime.Oci;

/// <summary>A user as the kernel knows it.</summary>
/// <param name="Uid">User id.</param>
/// <param name="Gid">Primary group id.</param>
/// <param name="AdditionalGids">Supplementary groups.</param>
/// <param name="Home">Home folder; <c>/</c> when the root file system knows none.</param>
public sealed record ResolvedUser(uint Uid, uint Gid, IReadOnlyList<uint> AdditionalGids, string Home)
{
    /// <summary>root of a file system without passwd.</summary>
    public static ResolvedUser Root { get; } = new(0, 0, [], "/root");
}
