using System.Buffers.Binary;

namespace Portal.Runtime.Names;

/// <summary>
/// An answer that is nobody's yet: a message without EDNS, whose number and question are put in for everybody who gets it. Pure.
/// </summary>
internal sealed class DnsAnswer
{
    // A changed address is to be found soon, whatever its owner allows: nobody can empty these caches.
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_longestFailure = TimeSpan.FromSeconds(30);

    private readonly byte[] _message;
    private readonly int _records;

    private DnsAnswer(byte[] message, int records) => (_message, _records) = (message, records);

    /// <summary>How it went.</summary>
    public DnsCode Code => (DnsCode)(Bits & DnsBits.Code);

    /// <summary>There was more than went into a datagram.</summary>
    public bool IsTruncated => (Bits & DnsBits.Truncated) != 0;

    /// <summary>Bytes it takes.</summary>
    public int Size => _message.Length;

    /// <summary>How long it may be given to others; zero for not at all.</summary>
    public TimeSpan Lifetime { get; private init; }

    private ushort Bits => BinaryPrimitives.ReadUInt16BigEndian(_message.AsSpan(2));

    /// <summary>An answer without records.</summary>
    public static DnsAnswer Empty(DnsQuery query, DnsCode code = DnsCode.Success) => new DnsAnswerBuilder(query).Build(code);

    /// <summary>What a builder of ours wrote.</summary>
    public static DnsAnswer Of(byte[] message, int records) => new(message, records);

    /// <summary>Reads what came from a server; null when it is not the answer to this.</summary>
    /// <param name="message">What came.</param>
    /// <param name="query">What was asked.</param>
    /// <param name="id">Under which number.</param>
    public static DnsAnswer? Parse(ReadOnlySpan<byte> message, DnsQuery query, ushort id)
    {
        if (message.Length < DnsBits.HeaderSize || BinaryPrimitives.ReadUInt16BigEndian(message) != id)
        {
            return null;
        }

        var bits = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        var questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
        if ((bits & (DnsBits.Response | DnsBits.Opcode)) != DnsBits.Response)
        {
            return null;
        }

        if (questions == 0 && (bits & DnsBits.Code) != 0)
        {
            // Servers that understand nothing of a question need not repeat it.
            return Empty(query, (DnsCode)(bits & DnsBits.Code));
        }

        var start = DnsBits.HeaderSize + query.RawQuestion.Length;
        if (questions != 1 || message.Length < start || !IsSame(message[DnsBits.HeaderSize..start], query.RawQuestion))
        {
            return null;
        }

        return Take(message, start, bits, query);
    }

    /// <summary>The message for one asker.</summary>
    /// <param name="query">What it asked.</param>
    /// <param name="age">Since it came from its server.</param>
    /// <param name="isStream">It goes over TCP, where it may be of any size.</param>
    public byte[] ToMessage(DnsQuery query, TimeSpan age, bool isStream)
    {
        var limit = (isStream ? ushort.MaxValue : query.DatagramLimit) - (query.HasEdns ? DnsBits.OptSize : 0);
        var counts = new ushort[3];
        var end = _records;
        var isShort = false;
        var walk = new DnsRecords(_message, _records);
        while (walk.TryNext(out var record))
        {
            if (record.End > limit)
            {
                // What is only an addition may be missing without a word (RFC 2181, 9).
                isShort = record.Section < 2;
                break;
            }

            counts[record.Section]++;
            end = record.End;
        }

        var message = new byte[end + (query.HasEdns ? DnsBits.OptSize : 0)];
        _message.AsSpan(0, end).CopyTo(message);
        BinaryPrimitives.WriteUInt16BigEndian(message, query.Id);
        var bits = (Bits & ~(DnsBits.RecursionDesired | DnsBits.CheckingDisabled)) | (query.Bits & (DnsBits.RecursionDesired | DnsBits.CheckingDisabled));
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)(bits | (isShort ? DnsBits.Truncated : 0)));
        query.RawQuestion.CopyTo(message, DnsBits.HeaderSize);
        for (var section = 0; section < 3; section++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(6 + 2 * section), counts[section]);
        }

        Age(message, (uint)Math.Clamp(age.TotalSeconds, 0, uint.MaxValue));
        if (query.HasEdns)
        {
            query.WriteOpt(message.AsSpan(end), DnsCode.Success);
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(10), (ushort)(counts[2] + 1));
        }

        return message;
    }

    /// <summary>Says what is wrong with a question that could not be read.</summary>
    public static byte[] Refuse(DnsQuery query)
    {
        var message = new byte[DnsBits.HeaderSize + (query.HasEdns ? DnsBits.OptSize : 0)];
        BinaryPrimitives.WriteUInt16BigEndian(message, query.Id);
        var bits = DnsBits.Response | DnsBits.RecursionAvailable | (query.Bits & (DnsBits.Opcode | DnsBits.RecursionDesired)) | ((int)query.Fault & DnsBits.Code);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)bits);
        if (query.HasEdns)
        {
            message[11] = 1;
            query.WriteOpt(message.AsSpan(DnsBits.HeaderSize), query.Fault);
        }

        return message;
    }

    private static DnsAnswer? Take(ReadOnlySpan<byte> message, int start, ushort bits, DnsQuery query)
    {
        var isTruncated = (bits & DnsBits.Truncated) != 0;
        var counts = new ushort[3];
        var end = start;
        uint? positive = null, negative = null;
        var records = new DnsRecords(message, start);
        while (records.TryNext(out var record))
        {
            if (record.Type == DnsType.Opt)
            {
                if (message[record.TtlOffset] != 0)
                {
                    // The upper half of a code that is always a failure.
                    return Empty(query, DnsCode.ServerFailure);
                }

                // Holds between the server and us. What comes after it are additions, and not worth moving.
                break;
            }

            counts[record.Section]++;
            end = record.End;
            var seconds = BinaryPrimitives.ReadUInt32BigEndian(message[record.TtlOffset..]);
            // RFC 2181, 8: the highest bit means none.
            seconds = seconds > int.MaxValue ? 0 : seconds;
            if (record.Section == 0)
            {
                positive = Math.Min(positive ?? seconds, seconds);
            }
            else if (record is { Section: 1, Type: DnsType.Soa } && record.End - record.DataOffset >= 22)
            {
                // RFC 2308, 5.
                negative = Math.Min(seconds, BinaryPrimitives.ReadUInt32BigEndian(message[(record.End - 4)..]));
            }
        }

        if (records.IsBroken)
        {
            if (!isTruncated)
            {
                return null;
            }

            // Some cut within a record.
            (end, counts) = (start, new ushort[3]);
        }

        var copy = message[..end].ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(copy.AsSpan(2), (ushort)(bits | DnsBits.RecursionAvailable));
        for (var section = 0; section < 3; section++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(copy.AsSpan(6 + 2 * section), counts[section]);
        }

        return new(copy, start) { Lifetime = isTruncated ? default : LifetimeOf((DnsCode)(bits & DnsBits.Code), positive, negative) };
    }

    private static TimeSpan LifetimeOf(DnsCode code, uint? positive, uint? negative)
    {
        if (code == DnsCode.Success && positive is { } seconds)
        {
            return Least(TimeSpan.FromSeconds(seconds), s_longest);
        }

        // RFC 2308: only with the word of the zone. Its answers are aliases that lead to nothing.
        return code is DnsCode.Success or DnsCode.NameError && negative is { } none
            ? Least(TimeSpan.FromSeconds(Math.Min(none, positive ?? none)), s_longestFailure)
            : default;
    }

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static bool IsSame(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        for (var i = 0; i < one.Length; i++)
        {
            // The lengths of labels are no letters; type and class, the last four bytes, are what they are.
            if (one[i] != other[i] && (i >= one.Length - 4 || !char.IsAsciiLetter((char)one[i]) || (one[i] ^ other[i]) != 0x20))
            {
                return false;
            }
        }

        return true;
    }

    private void Age(byte[] message, uint seconds)
    {
        var records = new DnsRecords(message, _records);
        while (seconds > 0 && records.TryNext(out var record))
        {
            var field = message.AsSpan(record.TtlOffset, 4);
            var left = BinaryPrimitives.ReadUInt32BigEndian(field);
            BinaryPrimitives.WriteUInt32BigEndian(field, left > seconds ? left - seconds : 0);
        }
    }
}
