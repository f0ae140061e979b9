using System.Diagnostics;
using System.Globalization;

namespace Portal.E2E;

/// <summary>Waiting for a state of another process.</summary>
public static class Patience
{
    /// <summary>
    /// How much longer than usual everything may take: PORTAL_E2E_PATIENCE, for machines whose processor is emulated. Bounds that
    /// are promises do not follow it.
    /// </summary>
    public static double Factor { get; } =
        double.TryParse(Environment.GetEnvironmentVariable("PORTAL_E2E_PATIENCE"), CultureInfo.InvariantCulture, out var factor) && factor >= 1 ? factor : 1;

    /// <summary>For as long as usual, times <see cref="Factor"/>.</summary>
    public static TimeSpan Seconds(double usual) => TimeSpan.FromSeconds(usual * Factor);

    /// <summary>Asks until the answer is yes; fails with <paramref name="what"/> after the deadline (20 s unless told).</summary>
    public static async Task UntilAsync(string what, Func<Task<bool>> condition, TimeSpan? deadline = null)
    {
        var waited = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(waited.Elapsed < (deadline ?? Seconds(20)), $"Waited in vain until {what}.");
            await Task.Delay(50);
        }
    }

    /// <summary>Looks until there is nothing any more; fails with what there still is.</summary>
    public static async Task UntilNothingAsync(string what, Func<Task<IEnumerable<string>>> look, TimeSpan? deadline = null)
    {
        var waited = Stopwatch.StartNew();
        while ((await look()).ToArray() is { Length: > 0 } left)
        {
            Assert.True(waited.Elapsed < (deadline ?? Seconds(20)), $"Waited in vain until nothing is left {what}:\n{string.Join('\n', left)}");
            await Task.Delay(50);
        }
    }

    /// <inheritdoc cref="UntilAsync(string, Func{Task{bool}}, TimeSpan?)"/>
    public static Task UntilAsync(string what, Func<bool> condition, TimeSpan? deadline = null) =>
        UntilAsync(what, () => Task.FromResult(condition()), deadline);
}
