using System.Buffers.Binary;

namespace Portal.Runtime.Names;

/// <summary>What is asked.</summary>
/// <param name="Name">In lower case, without a dot at its end.</param>
/// <param name="Type">Of record.</param>
/// <param name="Class">1 for the Internet.</param>
internal readonly record struct DnsQuestion(string Name, DnsType Type, ushort Class);

/// <summary>
/// A question of a container, read from a message. Only what is passed on or needed for the answer is kept: the question, a few
/// bits of the header, and whether and how the asker speaks EDNS, which holds from one station to the next only.
/// </summary>
internal sealed class DnsQuery
{
    private const int DnssecBit = 0x8000;

    private DnsQuery(ushort id, ushort bits) => (Id, Bits) = (id, bits);

    /// <summary>Number to answer under.</summary>
    public ushort Id { get; }

    /// <summary>Opcode and the bits of the asker's that an answer repeats or a server is told.</summary>
    public ushort Bits { get; }

    /// <summary>What is wrong with it; then nothing below counts but <see cref="HasEdns"/>.</summary>
    public DnsCode Fault { get; private set; }

    public DnsQuestion Question { get; private set; }

    /// <summary>The question as it was written: answers repeat the asker's capitals.</summary>
    public byte[] RawQuestion { get; private set; } = [];

    /// <summary>An OPT record was with it, so one has to be with the answer (RFC 6891, 6.1.1).</summary>
    public bool HasEdns { get; private set; }

    /// <summary>Wants signatures.</summary>
    public bool IsDnssecWanted { get; private set; }

    /// <summary>Bytes of a datagram that the asker takes.</summary>
    public int DatagramLimit { get; private set; } = DnsBits.SmallDatagram;

    /// <summary>Reads a message; null for what is no query and must not be answered, or two servers might talk forever.</summary>
    public static DnsQuery? Parse(ReadOnlySpan<byte> message)
    {
        if (message.Length < DnsBits.HeaderSize)
        {
            return null;
        }

        var bits = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        if ((bits & DnsBits.Response) != 0)
        {
            return null;
        }

        var query = new DnsQuery(BinaryPrimitives.ReadUInt16BigEndian(message),
            (ushort)(bits & (DnsBits.Opcode | DnsBits.RecursionDesired | DnsBits.Authentic | DnsBits.CheckingDisabled)));
        query.Fault = (bits & DnsBits.Opcode) != 0 ? DnsCode.NotImplemented : query.Read(message);
        return query;
    }

    /// <summary>The same question for a server outside.</summary>
    public byte[] ToMessage(ushort id)
    {
        var message = new byte[DnsBits.HeaderSize + RawQuestion.Length + (HasEdns ? DnsBits.OptSize : 0)];
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), Bits);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), 1);
        RawQuestion.CopyTo(message, DnsBits.HeaderSize);
        if (HasEdns)
        {
            message[11] = 1;
            WriteOpt(message.AsSpan(DnsBits.HeaderSize + RawQuestion.Length), DnsCode.Success);
        }

        return message;
    }

    /// <summary>Writes our side of EDNS.</summary>
    public void WriteOpt(Span<byte> target, DnsCode code)
    {
        target[..DnsBits.OptSize].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(target[1..], (ushort)DnsType.Opt);
        BinaryPrimitives.WriteUInt16BigEndian(target[3..], DnsBits.LargeDatagram);
        target[5] = (byte)((int)code >> 4);
        BinaryPrimitives.WriteUInt16BigEndian(target[7..], (ushort)(IsDnssecWanted ? DnssecBit : 0));
    }

    private DnsCode Read(ReadOnlySpan<byte> message)
    {
        var offset = DnsBits.HeaderSize;
        if (BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1
            || !DnsName.TryRead(message, ref offset, out var name) || message.Length - offset < 4)
        {
            return DnsCode.FormatError;
        }

        Question = new(name, (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[offset..]), BinaryPrimitives.ReadUInt16BigEndian(message[(offset + 2)..]));
        offset += 4;
        RawQuestion = message[DnsBits.HeaderSize..offset].ToArray();
        var records = new DnsRecords(message, offset);
        while (records.TryNext(out var record))
        {
            if (record.Type != DnsType.Opt)
            {
                continue;
            }

            if (HasEdns || record.Section != 2 || message[record.Start] != 0)
            {
                return DnsCode.FormatError;
            }

            HasEdns = true;
            DatagramLimit = Math.Max(DnsBits.SmallDatagram, (int)BinaryPrimitives.ReadUInt16BigEndian(message[(record.TtlOffset - 2)..]));
            IsDnssecWanted = (BinaryPrimitives.ReadUInt16BigEndian(message[(record.TtlOffset + 2)..]) & DnssecBit) != 0;
            if (message[record.TtlOffset + 1] != 0)
            {
                return DnsCode.BadVersion;
            }
        }

        return records.IsBroken ? DnsCode.FormatError : DnsCode.Success;
    }
}
