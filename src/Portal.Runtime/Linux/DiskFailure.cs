namespace Portal.Runtime.Linux;

/// <summary>What keeps a disk from being written to, in the words that every program has for it and without the path it happened at.</summary>
public static class DiskFailure
{
    /// <summary>The words for a failure that is the disk's, wherever in the chain of causes it stands; null for any other.</summary>
    public static string? Words(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            // .NET's own exceptions carry the error number as their result.
            var errno = failure switch
            {
                LinuxException { Errno: var own } => own,
                IOException { HResult: var result } => (Errno)result,
                _ => default,
            };
            if (errno is Errno.ENOSPC or Errno.EDQUOT or Errno.EROFS or Errno.EMFILE)
            {
                return LinuxException.Words(errno);
            }
        }

        return null;
    }
}
