using System.Text;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Supervision;

public class StdioFanOutTests
{
    private readonly StdioFanOut _output = new(TimeSpan.Zero, TimeProvider.System);

    [Fact]
    public async Task Publish_TwoSessions_EachSeesWhatItAskedFor()
    {
        var both = _output.Subscribe(stdout: true, stderr: true);
        var errors = _output.Subscribe(stdout: false, stderr: true);
        await _output.PublishAsync(StdioStream.Stdout, "out"u8.ToArray());
        await _output.PublishAsync(StdioStream.Stderr, "err"u8.ToArray());
        _output.Complete();

        Assert.Equal("outerr", await ReadAsync(both));
        Assert.Equal("err", await ReadAsync(errors));
    }

    [Fact]
    public async Task Publish_SessionThatDoesNotRead_IsCutOffAndTheOthersGoOn()
    {
        var idle = _output.Subscribe(true, true);
        var block = new byte[64 * 1024];
        for (var i = 0; i < 32; i++)
        {
            await _output.PublishAsync(StdioStream.Stdout, block);
        }

        var late = _output.Subscribe(true, true);
        await _output.PublishAsync(StdioStream.Stdout, "still here"u8.ToArray());
        _output.Complete();

        Assert.Equal(StdioFanOut.SessionLimit, (await ReadAsync(idle)).Length);
        Assert.Equal("still here", await ReadAsync(late));
        Assert.True(idle.CutOff.IsCompleted);
        Assert.False(late.CutOff.IsCompleted);
    }

    [Fact]
    public async Task Publish_PatientAndFull_WaitsForTheReader()
    {
        var output = new StdioFanOut(patience: null, TimeProvider.System);
        var session = output.Subscribe(true, true);
        var block = new byte[256 * 1024];
        var producer = Task.Run(async () =>
        {
            for (var i = 0; i < 16; i++)
            {
                await output.PublishAsync(StdioStream.Stdout, block);
            }

            output.Complete();
        });

        Assert.Equal(16 * block.Length, (await ReadAsync(session)).Length);
        await producer;
    }

    [Fact]
    public async Task Leave_WhileTheProducerWaits_LetsItGo()
    {
        var output = new StdioFanOut(patience: null, TimeProvider.System);
        var session = output.Subscribe(true, true);
        await output.PublishAsync(StdioStream.Stdout, new byte[StdioFanOut.SessionLimit]);
        var blocked = output.PublishAsync(StdioStream.Stdout, "x"u8.ToArray()).AsTask();

        session.Leave();

        await blocked;
        Assert.False(output.HasSessions);
        Assert.False(session.CutOff.IsCompleted);
    }

    [Fact]
    public async Task Subscribe_AfterTheEnd_EndsAtOnce()
    {
        _output.Complete();

        Assert.Equal("", await ReadAsync(_output.Subscribe(true, true)));
    }

    private static async Task<string> ReadAsync(StdioFanOut.Session session)
    {
        var text = new StringBuilder();
        await foreach (var frame in session.ReadAsync(CancellationToken.None))
        {
            text.Append(Encoding.UTF8.GetString(frame.Data.Span));
        }

        return text.ToString();
    }
}
