using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Names;

/// <summary>Answers what the networks of a container know. No I/O.</summary>
/// <param name="directory">What they know.</param>
/// <param name="random">Puts several addresses of a name into another order every time.</param>
internal sealed class KnownNames(INameDirectory directory, Random random)
{
    private const string Ipv4Suffix = ".in-addr.arpa";
    private const string Ipv6Suffix = ".ip6.arpa";

    /// <summary>The answer; null when others have to be asked.</summary>
    public DnsAnswer? Answer(ContainerId asker, DnsQuery query)
    {
        var (name, type, inClass) = query.Question;
        return inClass != DnsBits.Internet || name.Length == 0 ? null : type switch
        {
            DnsType.A => Addresses(asker, query, AddressFamily.InterNetwork),
            DnsType.Aaaa => Addresses(asker, query, AddressFamily.InterNetworkV6),
            // Mail goes to the address then (RFC 5321, 5.1), and so does who looked for more about it (RFC 9460, 3): outside only
            // somebody else of that name could be found.
            DnsType.Mx or DnsType.Https or DnsType.Svcb => directory.Resolve(asker, name).Count > 0 ? DnsAnswer.Empty(query) : null,
            DnsType.Ptr => Name(asker, query),
            DnsType.Srv => Services(asker, query),
            _ => null,
        };
    }

    /// <summary>The address that a name such as <c>2.0.17.172.in-addr.arpa</c> stands for; null for any other.</summary>
    public static IPAddress? AddressOf(string name)
    {
        if (name.EndsWith(Ipv4Suffix, StringComparison.Ordinal))
        {
            var parts = name[..^Ipv4Suffix.Length].Split('.');
            Array.Reverse(parts);
            var bytes = new byte[4];
            return parts.Length == 4 && Enumerable.Range(0, 4).All(i => byte.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out bytes[i]))
                ? new(bytes) : null;
        }

        // 32 digits, each with its dot but the last.
        if (!name.EndsWith(Ipv6Suffix, StringComparison.Ordinal) || name.Length != 63 + Ipv6Suffix.Length)
        {
            return null;
        }

        var digits = new char[32];
        for (var i = 0; i < digits.Length; i++)
        {
            digits[31 - i] = name[2 * i];
            if (!char.IsAsciiHexDigit(name[2 * i]) || name[2 * i + 1] != '.')
            {
                return null;
            }
        }

        return new(Convert.FromHexString(digits));
    }

    private DnsAnswer? Addresses(ContainerId asker, DnsQuery query, AddressFamily family)
    {
        var known = directory.Resolve(asker, query.Question.Name);
        if (known.Count == 0)
        {
            return null;
        }

        // A name without an address of this family is known all the same.
        var addresses = known.Where(address => address.AddressFamily == family).ToArray();
        random.Shuffle(addresses);
        return addresses.Aggregate(new DnsAnswerBuilder(query), (answer, address) => answer.AddAddress(address)).Build();
    }

    private DnsAnswer? Name(ContainerId asker, DnsQuery query)
    {
        if (AddressOf(query.Question.Name) is not { } address || directory.NameOf(asker, address) is not { } name)
        {
            return null;
        }

        return DnsName.Encode(name) is { } encoded ? new DnsAnswerBuilder(query).AddName(encoded).Build() : DnsAnswer.Empty(query);
    }

    private DnsAnswer? Services(ContainerId asker, DnsQuery query)
    {
        var instances = directory.Services(asker, query.Question.Name);
        if (instances.Count == 0)
        {
            return null;
        }

        var answer = new DnsAnswerBuilder(query);
        var targets = instances.Select(instance => (Instance: instance, Name: DnsName.Encode(instance.Target))).Where(target => target.Name is not null).ToArray();
        foreach (var (instance, name) in targets)
        {
            answer.AddService(name!, instance.Port);
        }

        foreach (var (instance, name) in targets)
        {
            answer.AddAddition(name!, instance.Address);
        }

        return answer.Build();
    }
}
