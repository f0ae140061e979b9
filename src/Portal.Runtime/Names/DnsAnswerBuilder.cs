using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Portal.Runtime.Names;

/// <summary>Writes answers of our own. Pure.</summary>
internal sealed class DnsAnswerBuilder
{
    // How long an asker may keep what is ours, as Docker says it.
    private const int Seconds = 600;

    // A pointer to the name of the question.
    private static readonly byte[] s_question = [0xC0, DnsBits.HeaderSize];

    private readonly ushort[] _counts = new ushort[3];
    private readonly int _records;
    private byte[] _message;
    private int _length;

    public DnsAnswerBuilder(DnsQuery query)
    {
        _length = _records = DnsBits.HeaderSize + query.RawQuestion.Length;
        _message = new byte[Math.Max(_length, 256)];
        BinaryPrimitives.WriteUInt16BigEndian(_message.AsSpan(4), 1);
        query.RawQuestion.CopyTo(_message, DnsBits.HeaderSize);
    }

    /// <summary>An address of the name asked for.</summary>
    public DnsAnswerBuilder AddAddress(IPAddress address) => Put(0, s_question, address);

    /// <summary>The name that was asked for.</summary>
    public DnsAnswerBuilder AddName(byte[] name) => Put(0, s_question, DnsType.Ptr, name);

    /// <summary>One that offers the service asked for, with its address.</summary>
    public DnsAnswerBuilder AddService(byte[] target, ushort port)
    {
        // Priority and weight are those of all the others.
        var data = new byte[6 + target.Length];
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(4), port);
        target.CopyTo(data, 6);
        return Put(0, s_question, DnsType.Srv, data);
    }

    /// <summary>Where a name in an answer is. After all answers.</summary>
    public DnsAnswerBuilder AddAddition(byte[] name, IPAddress address) => Put(2, name, address);

    /// <summary>The answer; the builder is spent.</summary>
    public DnsAnswer Build(DnsCode code = DnsCode.Success)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_message.AsSpan(2), (ushort)(DnsBits.Response | DnsBits.RecursionAvailable | (int)code));
        for (var section = 0; section < 3; section++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_message.AsSpan(6 + 2 * section), _counts[section]);
        }

        return DnsAnswer.Of(_message[.._length], _records);
    }

    private DnsAnswerBuilder Put(int section, byte[] name, IPAddress address) =>
        Put(section, name, address.AddressFamily == AddressFamily.InterNetwork ? DnsType.A : DnsType.Aaaa, address.GetAddressBytes());

    private DnsAnswerBuilder Put(int section, byte[] name, DnsType type, byte[] data)
    {
        var size = name.Length + DnsRecord.FixedSize + data.Length;
        if (_length + size > ushort.MaxValue)
        {
            // Nobody could be sent more.
            return this;
        }

        if (_length + size > _message.Length)
        {
            Array.Resize(ref _message, Math.Max(_length + size, 2 * _message.Length));
        }

        var target = _message.AsSpan(_length, size);
        name.CopyTo(target);
        target = target[name.Length..];
        BinaryPrimitives.WriteUInt16BigEndian(target, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(target[2..], DnsBits.Internet);
        BinaryPrimitives.WriteInt32BigEndian(target[4..], Seconds);
        BinaryPrimitives.WriteUInt16BigEndian(target[8..], (ushort)data.Length);
        data.CopyTo(target[DnsRecord.FixedSize..]);
        _length += size;
        _counts[section]++;
        return this;
    }
}
