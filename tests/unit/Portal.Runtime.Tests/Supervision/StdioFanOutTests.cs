using System.Text;
using Microsoft.Extensions.Time.Testing;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Supervision;

public sealed class StdioFanOutTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stdio").FullName;
    private readonly StdioFanOut _output = new(TimeSpan.Zero, TimeProvider.System);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

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

    [Fact]
    public async Task Publish_SessionThatMayNotHold_NeverWaitsAndLosesNothingThatIsKept()
    {
        var output = new StdioFanOut(patience: null, TimeProvider.System, _folder);
        var session = output.Subscribe(true, true, holds: false);
        var sent = new byte[4 * StdioFanOut.SessionLimit];
        new Random(1).NextBytes(sent);

        // Three rounds: into memory and on the disk, read to the end, and once more.
        await using var frames = session.ReadAsync(CancellationToken.None).GetAsyncEnumerator();
        for (var round = 0; round < 3; round++)
        {
            for (var offset = 0; offset < sent.Length; offset += 8000)
            {
                var write = output.PublishAsync((StdioStream)(1 + (offset / 8000 % 2)), sent.AsMemory(offset, Math.Min(8000, sent.Length - offset)));
                Assert.True(write.IsCompletedSuccessfully);
                await write;
            }

            Assert.Empty(Directory.GetFiles(_folder));
            for (var offset = 0; offset < sent.Length; offset += 8000)
            {
                Assert.True(await frames.MoveNextAsync());
                Assert.Equal((StdioStream)(1 + (offset / 8000 % 2)), frames.Current.Stream);
                Assert.True(frames.Current.Data.Span.SequenceEqual(sent.AsSpan(offset, Math.Min(8000, sent.Length - offset))));
            }
        }

        output.Complete();
        Assert.False(await frames.MoveNextAsync());
        Assert.False(session.CutOff.IsCompleted);
    }

    [Fact]
    public async Task Publish_SessionFurtherBehindThanTheDiskIsGivenFor_IsCutOff()
    {
        var output = new StdioFanOut(patience: null, TimeProvider.System, _folder);
        var session = output.Subscribe(true, true, holds: false);
        var block = new byte[256 * 1024];
        var published = 0L;
        while (!session.CutOff.IsCompleted)
        {
            await output.PublishAsync(StdioStream.Stdout, block);
            published += block.Length;
        }

        Assert.InRange(published, StdioSpill.Limit, StdioSpill.Limit + (2 * StdioFanOut.SessionLimit));
        Assert.False(output.HasSessions);
    }

    [Fact]
    public async Task Publish_SessionThatReadsNothingFor30Seconds_IsCutOff()
    {
        var time = new FakeTimeProvider();
        var output = new StdioFanOut(patience: null, time, _folder);
        var session = output.Subscribe(true, true);

        // That it had nothing to read for long is not held against it.
        time.Advance(TimeSpan.FromMinutes(5));
        await output.PublishAsync(StdioStream.Stdout, new byte[StdioFanOut.SessionLimit]);
        await output.PublishAsync(StdioStream.Stdout, "a"u8.ToArray());
        time.Advance(TimeSpan.FromSeconds(29));
        await output.PublishAsync(StdioStream.Stdout, "b"u8.ToArray());
        Assert.False(session.CutOff.IsCompleted);

        time.Advance(TimeSpan.FromSeconds(2));
        await output.PublishAsync(StdioStream.Stdout, "c"u8.ToArray());

        Assert.True(session.CutOff.IsCompleted);
    }

    [Fact]
    public async Task Publish_SessionThatHoldsAndReadsSlowly_IsWaitedForAsLongAsItReads()
    {
        var time = new FakeTimeProvider();
        var output = new StdioFanOut(TimeSpan.FromSeconds(10), time);
        var session = output.Subscribe(true, true);
        var block = new byte[StdioFanOut.SessionLimit / 8];
        for (var i = 0; i < 8; i++)
        {
            await output.PublishAsync(StdioStream.Stdout, block);
        }

        var held = output.PublishAsync(StdioStream.Stdout, block).AsTask();
        await using var frames = session.ReadAsync(CancellationToken.None).GetAsyncEnumerator();
        for (var i = 0; i < 5; i++)
        {
            Assert.False(held.IsCompleted);
            await frames.MoveNextAsync();
            time.Advance(TimeSpan.FromSeconds(9));
        }

        await held;
        Assert.False(session.CutOff.IsCompleted);

        // And no longer.
        var rest = Task.Run(async () =>
        {
            for (var i = 0; i < 8; i++)
            {
                await output.PublishAsync(StdioStream.Stdout, block);
            }
        });
        while (!session.CutOff.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(9));
            await Task.Yield();
        }

        await rest;
    }

    [Fact]
    public async Task Publish_WithoutAPlaceOnTheDisk_CutsOffWhatMayNotHold()
    {
        var output = new StdioFanOut(patience: null, TimeProvider.System, "/nowhere/at/all");
        var session = output.Subscribe(true, true, holds: false);

        await output.PublishAsync(StdioStream.Stdout, new byte[StdioFanOut.SessionLimit]);
        await output.PublishAsync(StdioStream.Stdout, "x"u8.ToArray());

        Assert.True(session.CutOff.IsCompleted);
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
