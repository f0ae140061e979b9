using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Portal.Runtime.Builds.Fetching;

/// <summary>
/// The way out for a program that fetches: a SOCKS 5 proxy (RFC 1928, 1929) on this machine that connects to what the policy lets through.
/// Whatever the program is sent to, by a redirect, a submodule or a name that means another address now, it gets no further. Only who has
/// the password is served.
/// </summary>
internal sealed class FetchProxy : IAsyncDisposable
{
    private const string User = "build";
    private const byte Version = 5, ByPassword = 2, Connect = 1, Name = 3, V4 = 1, V6 = 4;
    private const byte Done = 0, NotAllowed = 2, Unreachable = 4, NotSupported = 7;

    private readonly OutboundPolicy _policy;
    private readonly string _password = RandomNumberGenerator.GetHexString(32, lowercase: true);
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;

    public FetchProxy(OutboundPolicy policy)
    {
        _policy = policy;
        _listener.Start();
        Address = $"socks5h://{User}:{_password}@127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _accepting = AcceptAsync();
    }

    /// <summary>As curl takes it, password included.</summary>
    public string Address { get; }

    /// <summary>What was refused last; null for nothing.</summary>
    public string? Refusal { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_end.Token).ConfigureAwait(false);
                _ = serving.RemoveAll(task => task.IsCompleted);
                serving.Add(ServeAsync(client));
            }
        }
        finally
        {
            await Task.WhenAll(serving).ConfigureAwait(false);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            using var near = new NetworkStream(client, ownsSocket: true);
            if (await TargetAsync(near).ConfigureAwait(false) is not { } target)
            {
                return;
            }

            using var far = await ConnectAsync(near, target).ConfigureAwait(false);
            if (far is not null)
            {
                await Task.WhenAny(near.CopyToAsync(far, _end.Token), far.CopyToAsync(near, _end.Token)).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // The program sees its connection closed.
        }
    }

    /// <summary>Where the client wants to go; null for one that does not say it as it must.</summary>
    private async Task<DnsEndPoint?> TargetAsync(NetworkStream near)
    {
        var methods = await ReadAsync(near, await HeadAsync(near).ConfigureAwait(false)).ConfigureAwait(false);
        if (!methods.Contains(ByPassword))
        {
            await near.WriteAsync(new byte[] { Version, 0xFF }, _end.Token).ConfigureAwait(false);
            return null;
        }

        await near.WriteAsync(new byte[] { Version, ByPassword }, _end.Token).ConfigureAwait(false);
        var user = await ReadAsync(near, (await ReadAsync(near, 2).ConfigureAwait(false))[1]).ConfigureAwait(false);
        var password = await ReadAsync(near, (await ReadAsync(near, 1).ConfigureAwait(false))[0]).ConfigureAwait(false);
        var known = CryptographicOperations.FixedTimeEquals(password, Encoding.ASCII.GetBytes(_password)) && user.AsSpan().SequenceEqual(Encoding.ASCII.GetBytes(User));
        await near.WriteAsync(new byte[] { 1, known ? Done : (byte)1 }, _end.Token).ConfigureAwait(false);
        if (!known)
        {
            return null;
        }

        var request = await ReadAsync(near, 4).ConfigureAwait(false);
        var host = request[3] switch
        {
            V4 => new IPAddress(await ReadAsync(near, 4).ConfigureAwait(false)).ToString(),
            V6 => new IPAddress(await ReadAsync(near, 16).ConfigureAwait(false)).ToString(),
            Name => Encoding.ASCII.GetString(await ReadAsync(near, (await ReadAsync(near, 1).ConfigureAwait(false))[0]).ConfigureAwait(false)),
            _ => "",
        };
        if (request[0] != Version || request[1] != Connect || host.Length == 0)
        {
            await AnswerAsync(near, NotSupported).ConfigureAwait(false);
            return null;
        }

        return new(host, BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(near, 2).ConfigureAwait(false)));
    }

    private async Task<Stream?> ConnectAsync(NetworkStream near, DnsEndPoint target)
    {
        try
        {
            var far = await _policy.ConnectAsync(target, _end.Token).ConfigureAwait(false);
            await AnswerAsync(near, Done).ConfigureAwait(false);
            return far;
        }
        catch (IOException e)
        {
            Refusal = e.Message;
            await AnswerAsync(near, NotAllowed).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            await AnswerAsync(near, Unreachable).ConfigureAwait(false);
        }

        return null;
    }

    private ValueTask AnswerAsync(NetworkStream near, byte status) => near.WriteAsync(new byte[] { Version, status, 0, V4, 0, 0, 0, 0, 0, 0 }, _end.Token);

    private async Task<int> HeadAsync(NetworkStream near) => await ReadAsync(near, 2).ConfigureAwait(false) is [Version, var count] ? count : 0;

    private async Task<byte[]> ReadAsync(NetworkStream near, int count)
    {
        var bytes = new byte[count];
        await near.ReadExactlyAsync(bytes, _end.Token).ConfigureAwait(false);
        return bytes;
    }
}
