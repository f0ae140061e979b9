using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using Portal.Agent.BuildKit.Wire.Files;
using Portal.Agent.BuildKit.Wire.Session;

namespace Portal.BuildKitClient;

/// <summary>What a client has for a build, and what it was asked for.</summary>
internal sealed class ServedFiles
{
    /// <summary>Folders by name; files by path, folders with a slash at the end. A text that starts with <c>-&gt;</c> is a symbolic link.</summary>
    public Dictionary<string, SortedDictionary<string, string>> Folders { get; } = [];

    public Dictionary<string, string> Secrets { get; } = [];

    public Dictionary<string, (string User, string Secret)> Credentials { get; } = [];

    /// <summary>Sends whatever it likes instead of a folder.</summary>
    public Func<IServerStreamWriter<Packet>, Task>? Hostile { get; set; }

    /// <summary>The headers of every call for files.</summary>
    public ConcurrentQueue<Dictionary<string, string[]>> Asked { get; } = [];

    /// <summary>Contents that were sent.</summary>
    public ConcurrentQueue<string> Sent { get; } = [];

    /// <summary>An archive that came back.</summary>
    public MemoryStream Received { get; } = new();

    /// <summary>A folder with these files.</summary>
    public void Add(string folder, params (string Path, string Content)[] files)
    {
        var tree = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (path, content) in files)
        {
            tree[path] = content;
        }

        Folders[folder] = tree;
    }
}

internal sealed class FileSyncServer(ServedFiles files) : FileSync.FileSyncBase
{
    private const uint Directory = 1u << 31;
    private const uint SymbolicLink = 1u << 27;

    public override async Task DiffCopy(IAsyncStreamReader<Packet> requestStream, IServerStreamWriter<Packet> responseStream, ServerCallContext context)
    {
        // Each header as it came over the wire: values that were joined with a comma are one value here.
        files.Asked.Enqueue(context.GetHttpContext().Request.Headers.ToDictionary(h => h.Key, h => h.Value.OfType<string>().ToArray()));
        if (files.Hostile is { } hostile)
        {
            await hostile(responseStream);
            while (await requestStream.MoveNext(context.CancellationToken))
            {
                // Until the engine has had enough.
            }

            return;
        }

        var tree = files.Folders[context.RequestHeaders.GetValue("dir-name")!];
        var numbered = new List<KeyValuePair<string, string>>();
        foreach (var entry in tree)
        {
            numbered.Add(entry);
            await responseStream.WriteAsync(new() { Type = Packet.Types.PacketType.PacketStat, Stat = Describe(entry.Key, entry.Value) });
        }

        await responseStream.WriteAsync(new() { Type = Packet.Types.PacketType.PacketStat });
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            var asked = requestStream.Current;
            if (asked.Type == Packet.Types.PacketType.PacketFin)
            {
                await responseStream.WriteAsync(new() { Type = Packet.Types.PacketType.PacketFin });
                return;
            }

            if (asked.Type != Packet.Types.PacketType.PacketReq)
            {
                throw new RpcException(new(StatusCode.Unknown, "error from receiver: " + asked.Data.ToStringUtf8()));
            }

            var (path, content) = numbered[(int)asked.Id];
            files.Sent.Enqueue(path);
            await responseStream.WriteAsync(new() { Type = Packet.Types.PacketType.PacketData, Id = asked.Id, Data = ByteString.CopyFromUtf8(content) });
            await responseStream.WriteAsync(new() { Type = Packet.Types.PacketType.PacketData, Id = asked.Id });
        }
    }

    public static Stat Describe(string path, string content) => new()
    {
        Path = ByteString.CopyFromUtf8(path.TrimEnd('/')),
        Mode = path.EndsWith('/') ? Directory | 0x1ED : content.StartsWith("->", StringComparison.Ordinal) ? SymbolicLink | 0x1FF : 0x1A4,
        Size = path.EndsWith('/') || content.StartsWith("->", StringComparison.Ordinal) ? 0 : content.Length,
        ModTime = 1_700_000_000_000_000_000,
        Linkname = ByteString.CopyFromUtf8(content.StartsWith("->", StringComparison.Ordinal) ? content[2..] : ""),
    };
}

internal sealed class FileSendServer(ServedFiles files) : FileSend.FileSendBase
{
    public override async Task DiffCopy(IAsyncStreamReader<BytesMessage> requestStream, IServerStreamWriter<BytesMessage> responseStream, ServerCallContext context)
    {
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            requestStream.Current.Data.WriteTo(files.Received);
        }
    }
}

internal sealed class SecretsServer(ServedFiles files) : Secrets.SecretsBase
{
    public override Task<GetSecretResponse> GetSecret(GetSecretRequest request, ServerCallContext context) => files.Secrets.TryGetValue(request.Id, out var secret)
        ? Task.FromResult(new GetSecretResponse { Data = ByteString.CopyFromUtf8(secret) })
        : throw new RpcException(new(StatusCode.NotFound, $"secret {request.Id} not found"));
}

internal sealed class AuthServer(ServedFiles files) : Auth.AuthBase
{
    public override Task<CredentialsResponse> Credentials(CredentialsRequest request, ServerCallContext context) => Task.FromResult(
        files.Credentials.TryGetValue(request.Host, out var known) ? new CredentialsResponse { Username = known.User, Secret = known.Secret } : new());
}
