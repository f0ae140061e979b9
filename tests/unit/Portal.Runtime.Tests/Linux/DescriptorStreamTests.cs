using Portal.Runtime.Linux;

namespace Portal.Runtime.Tests.Linux;

public sealed class DescriptorStreamTests
{
    [Fact]
    public async Task Available_OfAPipe_IsWhatWasWrittenAndNotYetRead()
    {
        using var pipe = Pipe.FromChild();
        Assert.Equal(0, pipe.Ours.Available);

        await using var writer = new FileStream(pipe.Theirs, FileAccess.Write, bufferSize: 0);
        writer.Write("hello"u8);
        var buffer = new byte[3];

        Assert.Equal(5, pipe.Ours.Available);
        Assert.Equal(3, await pipe.Ours.ReadAsync(buffer, TestContext.Current.CancellationToken));
        Assert.Equal(2, pipe.Ours.Available);
        await writer.DisposeAsync();
        Assert.Equal(2, await pipe.Ours.ReadAsync(buffer, TestContext.Current.CancellationToken));
        Assert.Equal(0, pipe.Ours.Available);
        Assert.Equal(0, await pipe.Ours.ReadAsync(buffer, TestContext.Current.CancellationToken));
        pipe.Ours.Dispose();
        Assert.Equal(0, pipe.Ours.Available);
    }
}
