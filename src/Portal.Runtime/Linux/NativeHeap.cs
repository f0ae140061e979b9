namespace Portal.Runtime.Linux;

/// <summary>The C library's heap, which nftables, OpenSSL and the runtime itself allocate from.</summary>
public static class NativeHeap
{
    /// <summary>Gives its free pages back to the system. Does nothing where the C library cannot.</summary>
    public static void Trim()
    {
        try
        {
            _ = Libc.MallocTrim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // musl gives pages back by itself.
        }
    }
}
