namespace Portal.Runtime.Tar;

/// <summary>
/// How much an archive may unpack to: the free space at the start less a tenth. Others write to the same disk meanwhile,
/// so that the tenth is also watched while the work goes on.
/// </summary>
/// <param name="freeBytes">Answers the free space now.</param>
internal sealed class SpaceBudget(Func<long> freeBytes)
{
    private const long LookAgainBytes = 64L << 20;

    private readonly long _floor = freeBytes() / 10;
    private readonly long _ceiling = freeBytes() / 10 * 9;
    private long _used;
    private long _looked;

    /// <summary>A budget for the disk that holds <paramref name="directory"/>.</summary>
    public static SpaceBudget For(string directory) => new(() => new DriveInfo(directory).AvailableFreeSpace);

    /// <summary>Takes <paramref name="bytes"/> from the budget before they are written.</summary>
    /// <exception cref="Portal.Domain.Primitives.ErrorException">There is not so much left.</exception>
    public void Charge(long bytes)
    {
        if (bytes > _ceiling - _used)
        {
            throw ArchiveErrors.NoSpace(_ceiling);
        }

        _used += bytes;

        if (_used - _looked >= LookAgainBytes)
        {
            _looked = _used;
            if (freeBytes() < _floor)
            {
                throw ArchiveErrors.NoSpace(_ceiling);
            }
        }
    }
}
