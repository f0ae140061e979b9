using System.Globalization;
using Portal.Runtime.Names;
using static Portal.Runtime.Tests.Names.Messages;

namespace Portal.Runtime.Tests.Names;

/// <summary>Whatever a container or a server sends: an answer or none, and every answer is one that can be read.</summary>
public class DnsFuzzTests
{
    private const int Rounds = 20_000;

    private static int Seed => int.TryParse(Environment.GetEnvironmentVariable("PORTAL_FUZZ_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : 20260101;

    [Fact]
    public async Task Server_AnyBytes_AnswersWhatCanBeRead()
    {
        var directory = new FakeDirectory().Know("web", "10.0.0.2", "10.0.0.3", "fd00::2");
        byte[][] seeds =
        [
            Question("web"), Question("WEB.example", DnsType.Aaaa, edns: 1232), Question("2.0.0.10.in-addr.arpa", DnsType.Ptr), Question("_a._tcp.web", DnsType.Srv, edns: 512),
            Question("outside.example", DnsType.Txt), [.. Question("")[..12], 0xC0, 12, 0, 1, 0, 1],
        ];
        for (var i = 0; i < Rounds; i++)
        {
            var random = new Random(Seed + i);
            var message = Mutate(seeds[random.Next(seeds.Length)], random);
            var upstreams = new FakeUpstreams { Reply = (_, request, _) => Replies(request, random) };
            using var server = new NameServer(Asker, new KnownNames(directory, random), upstreams, TimeProvider.System);
            server.Use(new(Asker, "/ns", [new(System.Net.IPAddress.Loopback, true)], true, false));
            try
            {
                if (await server.AnswerAsync(message, random.Next(2) == 0) is { } answer)
                {
                    Assert.Equal(message[..2], answer[..2]);
                    Assert.InRange(answer.Length, 12, 65535);
                    _ = Records(answer);
                }
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {Seed + i}: {Convert.ToHexString(message)}\n{e}");
            }
        }
    }

    // The last is always a good one, so that nobody waits.
    private static IEnumerable<byte[]> Replies(byte[] request, Random random)
    {
        var good = Answer(request, DnsCode.Success, random.Next(4) == 0,
            (0, DnsType.A, (uint)random.Next(), [10, 0, 0, 9]), (1, DnsType.Soa, 60, Authority(30)), (2, DnsType.Opt, 0, []), (2, DnsType.A, 1, [10, 0, 0, 8]));
        yield return Mutate(good, random);
        yield return Mutate(good, random);
        yield return good;
    }

    private static byte[] Mutate(byte[] message, Random random)
    {
        var bytes = message.ToList();
        for (var change = random.Next(5); change > 0 && bytes.Count > 0; change--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, random.Next(bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, Enumerable.Range(0, random.Next(300)).Select(_ => (byte)random.Next(256)).ToArray());
                    break;
                case 3:
                    // A pointer to anywhere.
                    bytes[at] = (byte)(0xC0 | random.Next(2));
                    break;
                default:
                    // Counts that lie.
                    bytes[Math.Min(bytes.Count - 1, 4 + random.Next(8))] = (byte)random.Next(256);
                    break;
            }
        }

        return [.. bytes];
    }
}
