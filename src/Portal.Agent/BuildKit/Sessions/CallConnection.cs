using System.IO.Pipelines;
using Google.Protobuf;
using Grpc.Core;
using Portal.Agent.BuildKit.Wire;

namespace Portal.Agent.BuildKit.Sessions;

/// <summary>A connection inside of a call: the messages of either direction are the bytes of a stream. buildx has several builds share a session that way.</summary>
internal sealed class CallConnection(IAsyncStreamReader<BytesMessage> requests, IServerStreamWriter<BytesMessage> responses)
{
    private readonly Pipe _input = new();
    private readonly Pipe _output = new();

    /// <summary>What comes from the client.</summary>
    public PipeReader Input => _input.Reader;

    /// <summary>What goes to the client.</summary>
    public PipeWriter Output => _output.Writer;

    /// <summary>Carries bytes both ways until either end is reached.</summary>
    public async Task CarryAsync(CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var coming = ComeAsync(stop.Token);
        var going = GoAsync(stop.Token);
        _ = await Task.WhenAny(coming, going);
        await stop.CancelAsync();
        await Task.WhenAll(coming, going).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ComeAsync(CancellationToken ct)
    {
        try
        {
            while (await requests.MoveNext(ct))
            {
                _ = await _input.Writer.WriteAsync(requests.Current.Data.Memory, ct);
            }
        }
        finally
        {
            await _input.Writer.CompleteAsync();
        }
    }

    private async Task GoAsync(CancellationToken ct)
    {
        while (true)
        {
            var read = await _output.Reader.ReadAsync(ct);
            foreach (var piece in read.Buffer)
            {
                await responses.WriteAsync(new() { Data = ByteString.CopyFrom(piece.Span) }, ct);
            }

            _output.Reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }
}
