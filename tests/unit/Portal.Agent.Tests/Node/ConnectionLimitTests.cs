using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Portal.Agent.Node;

namespace Portal.Agent.Tests.Node;

public sealed class ConnectionLimitTests
{
    [Fact]
    public async Task Wrap_OneTooMany_IsToldSoAndTheNextIsServedAgain()
    {
        var serving = new TaskCompletionSource();
        var served = 0;
        var accept = new ConnectionLimit(1).Wrap(async _ =>
        {
            served++;
            await serving.Task;
        });
        var first = accept(new DefaultConnectionContext());

        var tooMany = new DefaultConnectionContext { Transport = new Duplex() };
        await accept(tooMany);
        var answer = await ((Duplex)tooMany.Transport).Sent.Reader.ReadAsync(CancellationToken.None);

        Assert.StartsWith("HTTP/1.1 503 ", Encoding.ASCII.GetString(answer.Buffer), StringComparison.Ordinal);
        Assert.Equal(1, served);
        serving.SetResult();
        await first;
        await accept(new DefaultConnectionContext());
        Assert.Equal(2, served);
    }

    private sealed class Duplex : IDuplexPipe
    {
        public Pipe Sent { get; } = new();

        public PipeReader Input => throw new NotSupportedException();

        public PipeWriter Output => Sent.Writer;
    }
}
