using System.Buffers.Binary;

namespace Portal.Runtime.Names;

/// <summary>A record in a message.</summary>
/// <param name="Section">0 answers, 1 authority, 2 additional.</param>
/// <param name="Start">Where its name begins.</param>
/// <param name="Type">Of what.</param>
/// <param name="TtlOffset">Where its seconds stand.</param>
/// <param name="DataOffset">Where its data begin.</param>
/// <param name="End">Behind its data.</param>
internal readonly record struct DnsRecord(int Section, int Start, DnsType Type, int TtlOffset, int DataOffset, int End)
{
    /// <summary>Bytes from the type to the length of the data.</summary>
    public const int FixedSize = 10;
}

/// <summary>Goes through the records behind the question of a message.</summary>
internal ref struct DnsRecords
{
    private readonly ReadOnlySpan<byte> _message;
    private int _offset;
    private int _section;
    private int _left;

    public DnsRecords(ReadOnlySpan<byte> message, int offset)
    {
        _message = message;
        _offset = offset;
        _left = Count(0);
    }

    /// <summary>The last one was not all there.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Reads the next.</summary>
    public bool TryNext(out DnsRecord record)
    {
        record = default;
        while (_left == 0)
        {
            if (_section == 2)
            {
                return false;
            }

            _left = Count(++_section);
        }

        var start = _offset;
        if (!DnsName.TrySkip(_message, ref _offset) || _message.Length - _offset < DnsRecord.FixedSize)
        {
            return Break();
        }

        var data = _offset + DnsRecord.FixedSize;
        var end = data + BinaryPrimitives.ReadUInt16BigEndian(_message[(_offset + 8)..]);
        if (end > _message.Length)
        {
            return Break();
        }

        record = new(_section, start, (DnsType)BinaryPrimitives.ReadUInt16BigEndian(_message[_offset..]), _offset + 4, data, end);
        _offset = end;
        _left--;
        return true;
    }

    private readonly int Count(int section) => BinaryPrimitives.ReadUInt16BigEndian(_message[(6 + 2 * section)..]);

    private bool Break()
    {
        // Counts that promise more than is there end here, not after 65,535 more tries.
        IsBroken = true;
        (_left, _section) = (0, 2);
        return false;
    }
}
