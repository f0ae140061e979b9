using System.Text;

namespace Portal.Runtime.Health;

/// <summary>The beginning of what a probe prints; the rest is let pass.</summary>
internal sealed class ProbeOutput
{
    /// <summary>Bytes that are kept.</summary>
    public const int Limit = 4096;

    private readonly Lock _lock = new();
    private readonly byte[] _kept = new byte[Limit];
    private int _length;
    private bool _truncated;

    public void Add(ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            var room = Math.Min(Limit - _length, data.Length);
            data[..room].CopyTo(_kept.AsSpan(_length));
            _length += room;
            _truncated |= room < data.Length;
        }
    }

    /// <summary>As text; three dots at the end say that there was more.</summary>
    public override string ToString()
    {
        lock (_lock)
        {
            return Encoding.UTF8.GetString(_kept, 0, _length) + (_truncated ? "..." : "");
        }
    }
}
