using System.Buffers.Binary;
using System.Net;
using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Names;

namespace Portal.Runtime.Tests.Names;

/// <summary>Messages as other programs write them.</summary>
internal static class Messages
{
    public static readonly ContainerId Asker = new("0123456789ab" + new string('0', 52));

    /// <summary>A question with recursion desired.</summary>
    public static byte[] Question(string name, DnsType type = DnsType.A, ushort id = 0x1234, int? edns = null, bool isDnssecWanted = false, ushort bits = DnsBits.RecursionDesired)
    {
        var bytes = new List<byte>();
        Put(bytes, id, bits, 1, 0, 0, (ushort)(edns is null ? 0 : 1));
        bytes.AddRange(Name(name));
        Put(bytes, (ushort)type, 1);
        if (edns is { } size)
        {
            bytes.Add(0);
            Put(bytes, (ushort)DnsType.Opt, (ushort)size, 0, (ushort)(isDnssecWanted ? 0x8000 : 0), 0);
        }

        return [.. bytes];
    }

    public static DnsQuery Query(string name, DnsType type = DnsType.A, int? edns = null, bool isDnssecWanted = false) =>
        DnsQuery.Parse(Question(name, type, edns: edns, isDnssecWanted: isDnssecWanted))!;

    /// <summary>What a server answers: records are section, type, seconds, data; their name is that of the question.</summary>
    public static byte[] Answer(byte[] question, DnsCode code, bool isTruncated, params (int Section, DnsType Type, uint Seconds, byte[] Data)[] records)
    {
        var query = DnsQuery.Parse(question)!;
        var bytes = new List<byte>();
        var bits = DnsBits.Response | DnsBits.RecursionDesired | DnsBits.RecursionAvailable | (int)code | (isTruncated ? DnsBits.Truncated : 0);
        Put(bytes, query.Id, (ushort)bits, 1, Count(0), Count(1), Count(2));
        bytes.AddRange(query.RawQuestion);
        foreach (var (_, type, seconds, data) in records.OrderBy(record => record.Section))
        {
            bytes.AddRange([0xC0, 0x0C]);
            Put(bytes, (ushort)type, 1, (ushort)(seconds >> 16), (ushort)seconds, (ushort)data.Length);
            bytes.AddRange(data);
        }

        return [.. bytes];

        ushort Count(int section) => (ushort)records.Count(record => record.Section == section);
    }

    /// <summary>One address for a minute.</summary>
    public static byte[] Answer(byte[] question, string address, uint seconds = 60) =>
        Answer(question, DnsCode.Success, false, (0, DnsType.A, seconds, IPAddress.Parse(address).GetAddressBytes()));

    /// <summary>Data of an SOA record with this minimum.</summary>
    public static byte[] Authority(uint minimum)
    {
        var data = new byte[22];
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(18), minimum);
        return data;
    }

    public static byte[] Name(string name)
    {
        var bytes = new List<byte>();
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.Latin1.GetBytes(label));
        }

        bytes.Add(0);
        return [.. bytes];
    }

    public static DnsCode Code(byte[] message) => (DnsCode)(message[3] & 15);

    public static bool IsTruncated(byte[] message) => (message[2] & 2) != 0;

    public static ushort Id(byte[] message) => BinaryPrimitives.ReadUInt16BigEndian(message);

    public static int Count(byte[] message, int section) => BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(6 + 2 * section));

    /// <summary>Type, seconds and data of every record.</summary>
    public static List<(DnsType Type, uint Seconds, byte[] Data)> Records(byte[] message)
    {
        var offset = DnsBits.HeaderSize;
        if (message[5] == 1)
        {
            Assert.True(DnsName.TrySkip(message, ref offset));
            offset += 4;
        }

        var found = new List<(DnsType, uint, byte[])>();
        var records = new DnsRecords(message, offset);
        while (records.TryNext(out var record))
        {
            found.Add((record.Type, BinaryPrimitives.ReadUInt32BigEndian(message.AsSpan(record.TtlOffset)), message[record.DataOffset..record.End]));
        }

        Assert.False(records.IsBroken);
        return found;
    }

    public static string[] Addresses(byte[] message) =>
        [.. Records(message).Where(record => record.Type is DnsType.A or DnsType.Aaaa).Select(record => new IPAddress(record.Data).ToString())];

    private static void Put(List<byte> bytes, params ushort[] words)
    {
        foreach (var word in words)
        {
            bytes.AddRange([(byte)(word >> 8), (byte)word]);
        }
    }
}

/// <summary>A directory that knows what is in it.</summary>
internal sealed class FakeDirectory : INameDirectory
{
    public Dictionary<(ContainerId Asker, string Name), IPAddress[]> Names { get; } = [];

    public Dictionary<IPAddress, string> Addresses { get; } = [];

    public Dictionary<string, ServiceInstance[]> Offers { get; } = [];

    public FakeDirectory Know(string name, params string[] addresses)
    {
        Names[(Messages.Asker, name)] = [.. addresses.Select(IPAddress.Parse)];
        return this;
    }

    public IReadOnlyList<IPAddress> Resolve(ContainerId asker, string name) => Names.GetValueOrDefault((asker, name)) ?? [];

    public string? NameOf(ContainerId asker, IPAddress address) => Addresses.GetValueOrDefault(address);

    public IReadOnlyList<ServiceInstance> Services(ContainerId asker, string name) => Offers.GetValueOrDefault(name) ?? [];
}

/// <summary>Servers outside that do what they are told.</summary>
internal sealed class FakeUpstreams : IUpstreams
{
    public List<(UpstreamServer Server, byte[] Request, bool IsStream)> Asked { get; } = [];

    /// <summary>Datagrams that come back; none when it stays silent.</summary>
    public Func<UpstreamServer, byte[], bool, IEnumerable<byte[]>> Reply { get; set; } = (_, _, _) => [];

    /// <summary>A question has been sent and is waited for.</summary>
    public SemaphoreSlim Waiting { get; } = new(0);

    public async Task<DnsAnswer> AskAsync(
        string namespacePath, UpstreamServer server, ReadOnlyMemory<byte> request, bool isStream, Func<ReadOnlyMemory<byte>, DnsAnswer?> accept, CancellationToken ct)
    {
        Asked.Add((server, request.ToArray(), isStream));
        foreach (var message in Reply(server, request.ToArray(), isStream))
        {
            if (accept(message) is { } answer)
            {
                return answer;
            }
        }

        var over = new TaskCompletionSource<DnsAnswer>();
        await using var registration = ct.Register(() => over.TrySetCanceled(ct));
        Waiting.Release();
        return await over.Task;
    }
}
