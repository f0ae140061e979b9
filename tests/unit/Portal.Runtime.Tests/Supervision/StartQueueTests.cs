using Microsoft.Extensions.Time.Testing;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Supervision;

public sealed class StartQueueTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly StartQueue _queue;
    private readonly List<int> _begun = [];
    private readonly Dictionary<int, TaskCompletionSource> _ends = [];

    public StartQueueTests() => _queue = new(2, _time);

    public void Dispose() => _queue.Dispose();

    [Fact]
    public async Task Queue_NotOpened_StartsNothing()
    {
        Add(1);
        _time.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 100; i++)
        {
            await Task.Yield();
        }

        Assert.Empty(Begun());
    }

    [Fact]
    public async Task Queue_Opened_StartsInOrderAndNoMoreThanItsLimit()
    {
        for (var number = 1; number <= 4; number++)
        {
            Add(number);
        }

        _queue.Open(atOnce: false);

        await BegunAsync(2);
        Assert.Equal([1, 2], Begun().Order());
        End(2);
        await BegunAsync(3);
        Assert.Equal(3, Begun()[2]);
        End(1);
        await BegunAsync(4);
        Assert.Equal(4, Begun()[3]);
    }

    [Fact]
    public async Task Delay_AfterABoot_IsOver()
    {
        Add(1, TimeSpan.FromMinutes(1));

        _queue.Open(atOnce: true);

        await BegunAsync(1);
    }

    [Fact]
    public async Task Delay_Otherwise_IsWaitedFor()
    {
        Add(1, TimeSpan.FromMinutes(1));
        _queue.Open(atOnce: false);
        Add(2);
        await BegunAsync(1);
        Assert.Equal([2], Begun());

        _time.Advance(TimeSpan.FromMinutes(1));

        await BegunAsync(2);
    }

    [Fact]
    public async Task Start_GivenUpWhileItWaits_IsLeftOut()
    {
        using var stopped = new CancellationTokenSource();
        _queue.Open(atOnce: false);
        Add(1);
        Add(2);
        Add(3, ct: stopped.Token);
        Add(4);
        await BegunAsync(2);

        await stopped.CancelAsync();
        End(1);
        End(2);

        await BegunAsync(3);
        Assert.Equal(4, Begun()[2]);
    }

    private void Add(int number, TimeSpan delay = default, CancellationToken ct = default)
    {
        _ends[number] = new();
        _queue.Add(
            delay,
            _ => Task.CompletedTask,
            () =>
            {
                lock (_begun)
                {
                    _begun.Add(number);
                }

                return _ends[number].Task;
            },
            ct);
    }

    private void End(int number) => _ends[number].SetResult();

    private int[] Begun()
    {
        lock (_begun)
        {
            return [.. _begun];
        }
    }

    private async Task BegunAsync(int count)
    {
        for (var i = 0; Begun().Length < count; i++)
        {
            Assert.True(i < 100_000, "Waited in vain.");
            await Task.Yield();
        }
    }
}
