namespace Portal.Runtime.Linux;

/// <summary>Tells a full disk, or one without inodes, from other failures.</summary>
internal static class DiskFull
{
    /// <summary>True when that was the reason, or the reason behind it.</summary>
    public static bool Is(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
        {
            if (e is LinuxException { Errno: Errno.ENOSPC or Errno.EDQUOT } || (e is IOException io && (Errno)io.HResult is Errno.ENOSPC or Errno.EDQUOT))
            {
                return true;
            }
        }

        return false;
    }
}
