namespace Portal.Runtime.Tar;

/// <summary>Names in the order of their bytes: the same everywhere, whatever the locale.</summary>
internal sealed class ByteOrder : IComparer<byte[]>
{
    public static ByteOrder Instance { get; } = new();

    public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
}
