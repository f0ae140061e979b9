using System.Net.Sockets;
using System.Security.Cryptography;

namespace Portal.Runtime.Names;

/// <summary>Asks the servers outside for one container, one after the other, until one has an answer.</summary>
internal sealed class Forwarder(IUpstreams upstreams, TimeProvider time)
{
    /// <summary>As many as a C library asks.</summary>
    public const int MaximumServers = 3;

    // The askers' own patience is mostly five seconds: a second server has to have its turn within that.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_lastPatience = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_grudge = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<UpstreamServer, long> _silent = [];

    /// <summary>The first answer; null when there is none to be had.</summary>
    /// <param name="request">Whose servers.</param>
    /// <param name="query">The question.</param>
    /// <param name="isStream">It came by TCP: an answer that does not go into a datagram is of use, and is fetched.</param>
    /// <param name="ct">The container has no need any more.</param>
    public async Task<DnsAnswer?> AskAsync(NameServerRequest request, DnsQuery query, bool isStream, CancellationToken ct)
    {
        var servers = Order(request);
        for (var i = 0; i < servers.Count; i++)
        {
            var answer = await TryAsync(request.NamespacePath, servers[i], query, isStream, i == servers.Count - 1 ? s_lastPatience : s_patience, ct).ConfigureAwait(false);
            // Neither says anything about the name.
            if (answer is { Code: not (DnsCode.ServerFailure or DnsCode.Refused) })
            {
                return answer;
            }
        }

        return null;
    }

    private async Task<DnsAnswer?> TryAsync(string namespacePath, UpstreamServer server, DnsQuery query, bool isStream, TimeSpan patience, CancellationToken ct)
    {
        // Together with a socket, and so a port, for every question: what somebody off the path would have to guess.
        var id = (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        try
        {
            var request = query.ToMessage(id);
            var answer = await upstreams.AskAsync(namespacePath, server, request, isStream: false, Accept, either.Token).ConfigureAwait(false);
            if (answer.IsTruncated && isStream)
            {
                answer = await upstreams.AskAsync(namespacePath, server, request, isStream: true, Accept, either.Token).ConfigureAwait(false);
            }

            Note(server, isSilent: false);
            return answer;
        }
        catch (Exception e) when (e is IOException or SocketException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            Note(server, isSilent: true);
            return null;
        }

        DnsAnswer? Accept(ReadOnlyMemory<byte> message) => DnsAnswer.Parse(message.Span, query, id);
    }

    private List<UpstreamServer> Order(NameServerRequest request)
    {
        // One that was silent a moment ago comes last: not every question is to wait for it.
        var servers = request.Upstreams
            .Where(server => request.IsOutsideReachable || !server.IsAskedFromHost)
            .Where(server => server.IsAskedFromHost || !server.Address.Equals(INameServers.Address))
            .Take(MaximumServers).ToList();
        lock (_gate)
        {
            return _silent.Count == 0 ? servers
                : [.. servers.OrderBy(server => _silent.TryGetValue(server, out var since) && time.GetElapsedTime(since) < s_grudge)];
        }
    }

    private void Note(UpstreamServer server, bool isSilent)
    {
        lock (_gate)
        {
            if (isSilent)
            {
                _silent[server] = time.GetTimestamp();
            }
            else
            {
                _silent.Remove(server);
            }
        }
    }
}
