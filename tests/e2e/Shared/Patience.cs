using System.Diagnostics;

namespace Portal.E2E;

/// <summary>Waiting for a state of another process.</summary>
public static class Patience
{
    /// <summary>Asks until the answer is yes; fails with <paramref name="what"/> after the deadline (20 s unless told).</summary>
    public static async Task UntilAsync(string what, Func<Task<bool>> condition, TimeSpan? deadline = null)
    {
        var waited = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(waited.Elapsed < (deadline ?? TimeSpan.FromSeconds(20)), $"Waited in vain until {what}.");
            await Task.Delay(50);
        }
    }

    /// <inheritdoc cref="UntilAsync(string, Func{Task{bool}}, TimeSpan?)"/>
    public static Task UntilAsync(string what, Func<bool> condition, TimeSpan? deadline = null) =>
        UntilAsync(what, () => Task.FromResult(condition()), deadline);
}
