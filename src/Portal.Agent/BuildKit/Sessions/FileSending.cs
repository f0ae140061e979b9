using System.Text;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Portal.Agent.BuildKit.Wire.Files;
using Portal.Runtime.Builds.Contexts;

namespace Portal.Agent.BuildKit.Sessions;

/// <summary>Sends the files of an image to a folder of the client: the other end of what <see cref="SessionFiles"/> does, over the service that is for archives otherwise.</summary>
internal static class FileSending
{
    private const int Piece = 256 * 1024;

    private static readonly Marshaller<Packet> s_packets = Marshallers.Create(static p => p.ToByteArray(), Packet.Parser.ParseFrom);
    private static readonly Method<Packet, Packet> s_method = new(MethodType.DuplexStreaming, "moby.filesync.v1.FileSend", "DiffCopy", s_packets, s_packets);

    /// <param name="session">The client.</param>
    /// <param name="tree">The files.</param>
    /// <param name="headers">Which of the client's targets it is for.</param>
    /// <param name="moved">Told bytes sent so far, and whether that was all.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task SendAsync(ClientSession session, ImageTree tree, Metadata headers, Action<long, bool> moved, CancellationToken ct)
    {
        using var call = session.Calls.AsyncDuplexStreamingCall(s_method, null, new(headers, cancellationToken: ct));
        var files = new Dictionary<uint, byte[]>();
        var questions = Channel.CreateUnbounded<uint>(new() { SingleReader = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var sending = SendAsync(call.RequestStream, tree, files, questions.Reader, moved, stop.Token);
        try
        {
            while (await call.ResponseStream.MoveNext(ct))
            {
                var packet = call.ResponseStream.Current;
                if (packet.Type == Packet.Types.PacketType.PacketReq)
                {
                    _ = questions.Writer.TryWrite(packet.Id);
                }
                else if (packet.Type == Packet.Types.PacketType.PacketErr)
                {
                    throw new RpcException(new(StatusCode.Unknown, "error from receiver: " + packet.Data.ToStringUtf8()));
                }
                else if (packet.Type == Packet.Types.PacketType.PacketFin)
                {
                    break;
                }
            }

            _ = questions.Writer.TryComplete();
            await sending;
            await call.RequestStream.WriteAsync(new() { Type = Packet.Types.PacketType.PacketFin }, ct);
            await call.RequestStream.CompleteAsync();
            while (await call.ResponseStream.MoveNext(ct))
            {
                // The client's end of the call.
            }
        }
        finally
        {
            await stop.CancelAsync();
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task SendAsync(
        IClientStreamWriter<Packet> packets, ImageTree tree, Dictionary<uint, byte[]> files, ChannelReader<uint> questions, Action<long, bool> moved, CancellationToken ct)
    {
        uint number = 0;
        foreach (var entry in tree.Walk())
        {
            if (entry.HasContent)
            {
                files[number] = entry.Path;
            }

            number++;
            await packets.WriteAsync(new() { Type = Packet.Types.PacketType.PacketStat, Stat = Describe(entry) }, ct);
        }

        await packets.WriteAsync(new() { Type = Packet.Types.PacketType.PacketStat }, ct);
        long sent = 0;
        await foreach (var question in questions.ReadAllAsync(ct))
        {
            if (!files.Remove(question, out var path))
            {
                throw new RpcException(new(StatusCode.InvalidArgument, $"invalid file id {question}"));
            }

            await using (var file = tree.OpenFile(path))
            {
                while (true)
                {
                    var buffer = new byte[Piece];
                    var read = await file.ReadAsync(buffer, ct);
                    await packets.WriteAsync(new() { Type = Packet.Types.PacketType.PacketData, Id = question, Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, read)) }, ct);
                    moved(sent += read, false);
                    if (read == 0)
                    {
                        break;
                    }
                }
            }
        }

        moved(sent, true);
    }

    private static Stat Describe(SyncEntry entry)
    {
        var stat = new Stat
        {
            Path = UnsafeByteOperations.UnsafeWrap(entry.Path),
            Mode = entry.Mode,
            Uid = entry.User,
            Gid = entry.Group,
            Size = entry.Size,
            ModTime = entry.ModifiedNanoseconds,
            Linkname = UnsafeByteOperations.UnsafeWrap(entry.LinkName),
            Devmajor = entry.DeviceMajor,
            Devminor = entry.DeviceMinor,
        };
        foreach (var (name, value) in entry.Attributes)
        {
            stat.Xattrs[Encoding.UTF8.GetString(name)] = ByteString.CopyFrom(value);
        }

        return stat;
    }
}
