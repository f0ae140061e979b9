namespace Portal.Runtime.Oci;

/// <summary>Where OCI runtimes differ in what they need to be told.</summary>
internal static class OciRuntimeKind
{
    /// <summary>True for crun: it opens the sources of binds before it enters a user namespace, and asks the kernel for the maps of one it joins.</summary>
    public static bool IsCrun(string path) => Path.GetFileName(path).StartsWith("crun", StringComparison.Ordinal);
}
