using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public sealed class NetworkWatchTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private readonly FakeTimeProvider _time = new();
    private readonly SemaphoreSlim _called = new(0);
    private readonly NetworkWatch _watch;

    public NetworkWatchTests() => _watch = new(_time, NullLogger<NetworkWatch>.Instance);

    [Fact]
    public async Task Start_RoundThatFails_IsTriedAgainInTheNext()
    {
        _watch.Start(() =>
        {
            _called.Release();
            throw new IOException("no rules");
        });

        for (var round = 0; round < 3; round++)
        {
            _time.Advance(NetworkWatch.Period);
            Assert.True(await _called.WaitAsync(s_patience));
        }
    }

    [Fact]
    public async Task Stop_RoundIsRunning_WaitsForItAndStartsNoOther()
    {
        using var entered = new SemaphoreSlim(0);
        using var leave = new SemaphoreSlim(0);
        var rounds = 0;
        _watch.Start(() =>
        {
            rounds++;
            entered.Release();
            leave.Wait();
        });
        // Its continuation runs the round on this very thread otherwise.
        var advance = Task.Run(() => _time.Advance(NetworkWatch.Period));
        Assert.True(await entered.WaitAsync(s_patience));

        var stop = Task.Run(_watch.Stop);
        Assert.False(stop.IsCompleted);
        leave.Release();
        await stop.WaitAsync(s_patience);
        await advance.WaitAsync(s_patience);
        _time.Advance(NetworkWatch.Period);

        Assert.Equal(1, rounds);
    }

    public void Dispose()
    {
        _watch.Dispose();
        _called.Dispose();
    }
}
