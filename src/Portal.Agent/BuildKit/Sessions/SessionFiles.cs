using System.Net;
using System.Text;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Portal.Agent.BuildKit.Transport;
using Portal.Agent.BuildKit.Wire.Files;
using Portal.Agent.BuildKit.Wire.Session;
using Portal.Domain.Engine;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Contexts;

namespace Portal.Agent.BuildKit.Sessions;

/// <summary>A folder of a client, brought over file by file (tonistiigi/fsutil's protocol); what is here already is not sent again.</summary>
/// <param name="session">The client.</param>
/// <param name="directory">The folder as the client calls it: <c>context</c>.</param>
/// <param name="sharedKey">Stands for the folder among all folders of all clients; empty for one that is not to be kept.</param>
/// <param name="folders">Where files are brought to.</param>
internal sealed class SessionFiles(ClientSession session, string directory, string sharedKey, ContextFolders folders) : IBuildSource
{
    private const string Method = "/moby.filesync.v1.FileSync/DiffCopy";

    public async Task<IBuildTree> OpenAsync(BuildFilter filter, IBuildProgress progress, CancellationToken ct)
    {
        session.Demand();
        if (!session.Serves(Method))
        {
            throw EngineErrors.Invalid("build.session", "no local sources enabled");
        }

        var step = new BuildStep($"local:{session.Id}:{directory}:{KeyOf(filter)}", "[internal] " + filter.Name, "", 0, 0, "", 0, []);
        progress.Started(step);
        var folder = folders.Take(sharedKey.Length == 0 ? "" : $"{sharedKey}\n{directory}\n{KeyOf(filter)}");
        try
        {
            await ReceiveAsync(filter, folder, step, progress, ct);
            progress.Completed(step, new(false, null, "", ""));
            return folder;
        }
        catch (Exception e)
        {
            await folder.DisposeAsync();
            var failure = e is RpcException rpc ? session.Failed(rpc) : e;
            progress.Completed(step, new(false, failure is OperationCanceledException ? "context canceled" : failure.Message, "", ""));
            if (ReferenceEquals(failure, e))
            {
                throw;
            }

            ct.ThrowIfCancellationRequested();
            throw failure;
        }
    }

    /// <summary>Lists as headers: see <see cref="SplitHeaders"/>. What is not ASCII is written as in a form, and said to be.</summary>
    internal static void Add(Metadata headers, string key, IReadOnlyList<string> values)
    {
        if (values.Count == 0)
        {
            return;
        }

        var encoded = values.Any(value => !Ascii.IsValid(value) || value.Any(char.IsControl));
        headers.Add(key, string.Join(SplitHeaders.Separator, encoded ? values.Select(WebUtility.UrlEncode) : values));
        if (encoded)
        {
            headers.Add(key + "-encoded", "1");
        }
    }

    private static string KeyOf(BuildFilter filter) => string.Join('\n', [.. filter.Include, "\0", .. filter.Exclude, "\0", .. filter.FollowPaths]);

    private async Task ReceiveAsync(BuildFilter filter, ContextFolder folder, BuildStep step, IBuildProgress progress, CancellationToken ct)
    {
        var headers = new Metadata { { "dir-name", directory } };
        Add(headers, "include-patterns", filter.Include);
        Add(headers, "exclude-patterns", filter.Exclude);
        Add(headers, "followpaths", filter.FollowPaths);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct, session.Closed);
        using var call = new FileSync.FileSyncClient(session.Calls).DiffCopy(headers, cancellationToken: stop.Token);
        using var transfer = folder.Begin();
        var questions = Channel.CreateUnbounded<Packet>(new() { SingleReader = true });

        // On its own: who sends files may not read questions meanwhile.
        var asking = AskAsync(call.RequestStream, questions.Reader);
        try
        {
            await TakeAsync(call.ResponseStream, transfer, questions.Writer, step, progress, stop.Token);
        }
        catch (Exception e) when (e is not RpcException)
        {
            _ = questions.Writer.TryWrite(new() { Type = Packet.Types.PacketType.PacketErr, Data = ByteString.CopyFromUtf8(e.Message) });
            throw;
        }
        finally
        {
            _ = questions.Writer.TryComplete();
            await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        transfer.Finish(ct);
    }

    private static async Task AskAsync(IClientStreamWriter<Packet> requests, ChannelReader<Packet> questions)
    {
        await foreach (var question in questions.ReadAllAsync())
        {
            await requests.WriteAsync(question);
        }

        await requests.CompleteAsync();
    }

    private async Task TakeAsync(
        IAsyncStreamReader<Packet> packets, ContextTransfer transfer, ChannelWriter<Packet> questions, BuildStep step, IBuildProgress progress, CancellationToken ct)
    {
        long bytes = 0;
        var (described, asked) = (false, true);
        var item = $"transferring {directory}:";
        progress.Moved(step, item, 0, 0, false);
        while (await packets.MoveNext(ct))
        {
            var packet = packets.Current;
            bytes += packet.CalculateSize();
            progress.Moved(step, item, bytes, 0, false);
            switch (packet.Type)
            {
                case Packet.Types.PacketType.PacketStat when packet.Stat is null:
                    described = true;
                    break;
                case Packet.Types.PacketType.PacketStat when described:
                    throw EngineErrors.Invalid("build.bad-context", "The files of the client are refused: a description comes after the last.");
                case Packet.Types.PacketType.PacketStat:
                    if (transfer.Describe(Entry(packet.Stat)) is { } number)
                    {
                        _ = questions.TryWrite(new() { Type = Packet.Types.PacketType.PacketReq, Id = number });
                    }

                    break;
                case Packet.Types.PacketType.PacketData:
                    transfer.Receive(packet.Id, packet.Data.Span);
                    break;
                case Packet.Types.PacketType.PacketErr:
                    throw EngineErrors.Invalid("build.session", "error from sender: " + packet.Data.ToStringUtf8());
                case Packet.Types.PacketType.PacketFin:
                    progress.Moved(step, item, bytes, 0, true);
                    return;
                default:
                    throw EngineErrors.Invalid("build.bad-context", $"The files of the client are refused: {packet.Type} is not for us.");
            }

            if (described && asked && transfer.Awaited == 0)
            {
                _ = questions.TryWrite(new() { Type = Packet.Types.PacketType.PacketFin });
                asked = false;
            }
        }

        throw EngineErrors.Invalid("build.session", "the client has broken off sending its files");
    }

    private static SyncEntry Entry(Stat stat) => new(
        stat.Path.ToByteArray(), stat.Mode, stat.Size, stat.ModTime, stat.Linkname.ToByteArray(), (uint)stat.Devmajor, (uint)stat.Devminor,
        [.. stat.Xattrs.Select(a => (Encoding.UTF8.GetBytes(a.Key), a.Value.ToByteArray()))]);
}
