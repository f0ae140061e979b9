using Portal.Domain.Containers;
using Portal.Runtime.Containers;
using Portal.Runtime.Health;

namespace Portal.Runtime.Tests.Health;

public class HealthMachineTests
{
    private static readonly HealthSettings s_settings = new(["true"], Seconds(30), Seconds(3), Seconds(20), Seconds(5), 3);
    private static readonly ContainerHealth s_starting = HealthMachine.Started(null);

    [Fact]
    public void Observe_Success_IsHealthyAtOnce() => Assert.Equal((HealthStatus.Healthy, 0), After(s_starting, (1, 0)));

    [Fact]
    public void Observe_FailuresBelowTheLimit_LeaveTheStatus()
    {
        Assert.Equal((HealthStatus.Starting, 2), After(s_starting, (30, 1), (60, 1)));
        Assert.Equal((HealthStatus.Healthy, 2), After(s_starting, (1, 0), (30, 1), (60, 1)));
    }

    [Fact]
    public void Observe_FailuresInARow_AreUnhealthyUntilTheFirstSuccess()
    {
        Assert.Equal((HealthStatus.Unhealthy, 3), After(s_starting, (30, 1), (60, 1), (90, -1)));
        Assert.Equal((HealthStatus.Unhealthy, 4), After(s_starting, (30, 1), (60, 1), (90, 1), (120, 1)));
        Assert.Equal((HealthStatus.Healthy, 0), After(s_starting, (30, 1), (60, 1), (90, 1), (120, 0)));
    }

    [Fact]
    public void Observe_FailuresInTheStartPeriod_DoNotCount()
    {
        Assert.Equal((HealthStatus.Starting, 0), After(s_starting, (5, 1), (10, 1), (15, 1), (19, 1)));
        Assert.Equal((HealthStatus.Starting, 1), After(s_starting, (19, 1), (20, 1)));
    }

    [Fact]
    public void Observe_FailuresAfterTheFirstSuccess_CountInTheStartPeriodToo() =>
        Assert.Equal((HealthStatus.Unhealthy, 3), After(s_starting, (1, 0), (2, 1), (3, 1), (4, 1)));

    [Fact]
    public void Observe_ManyProbes_KeepsTheLastFive()
    {
        var health = s_starting;
        for (var code = 1; code <= 7; code++)
        {
            health = HealthMachine.Observe(health, Probe(code), s_settings, Seconds(code));
        }

        Assert.Equal([3, 4, 5, 6, 7], health.Log.Select(probe => probe.ExitCode));
    }

    [Fact]
    public void Started_Again_KeepsTheLogOnly()
    {
        var before = new ContainerHealth(HealthStatus.Healthy, 2, [Probe(1)]);

        var after = HealthMachine.Started(before);

        Assert.Equal((HealthStatus.Starting, 0), (after.Status, after.FailingStreak));
        Assert.Equal(before.Log, after.Log);
    }

    [Theory]
    [InlineData(HealthStatus.Starting, 19, 5)]
    [InlineData(HealthStatus.Starting, 20, 30)]
    [InlineData(HealthStatus.Healthy, 1, 30)]
    [InlineData(HealthStatus.Unhealthy, 1, 30)]
    public void Pause_InTheStartPeriod_IsShorterUntilTheFirstVerdict(HealthStatus status, int ran, int pause) =>
        Assert.Equal(Seconds(pause), HealthMachine.Pause(new(status, 0, []), s_settings, Seconds(ran)));

    [Fact]
    public void Settings_OfAShellLine_TakeTheImagesShell()
    {
        Assert.Equal(["/bin/sh", "-c", "x | y"], Settings(new(["CMD-SHELL", "x | y"]))!.Command);
        Assert.Equal(["bash", "-ec", "x | y"], Settings(new(["CMD-SHELL", "x | y"]), ["bash", "-ec"])!.Command);
        Assert.Equal(["x", "y"], Settings(new(["CMD", "x", "y"]), ["bash", "-ec"])!.Command);
    }

    [Fact]
    public void Settings_NotSaid_AreDockers()
    {
        var settings = Settings(new(["CMD", "x"]))!;

        Assert.Equal((Seconds(30), Seconds(30), TimeSpan.Zero, Seconds(5), 3), (settings.Interval, settings.Timeout, settings.StartPeriod, settings.StartInterval, settings.Retries));
    }

    [Fact]
    public void Settings_WithoutACheck_AreNone()
    {
        Assert.Null(Settings(null));
        Assert.Null(Settings(new(["NONE"])));
        Assert.Null(Settings(new([])));
    }

    [Fact]
    public void Output_BeyondItsLimit_IsCutAndSaysSo()
    {
        var output = new ProbeOutput();
        output.Add(new byte[ProbeOutput.Limit - 1]);
        output.Add("ab"u8);
        output.Add("c"u8);

        Assert.Equal(new string('\0', ProbeOutput.Limit - 1) + "a...", output.ToString());
    }

    [Fact]
    public void Output_UpToItsLimit_IsWhole()
    {
        var output = new ProbeOutput();
        output.Add("one "u8);
        output.Add([(byte)'t', (byte)'w', (byte)'o', 0xff]);

        Assert.Equal("one two\uFFFD", output.ToString());
    }

    [Theory]
    [InlineData(3000, "3s")]
    [InlineData(1500, "1.5s")]
    [InlineData(250, "250ms")]
    [InlineData(90_000, "1m30s")]
    [InlineData(3_600_000, "1h0m0s")]
    [InlineData(0.5, "500µs")]
    public void Duration_IsWrittenAsInDocker(double milliseconds, string text) => Assert.Equal(text, GoDuration.Format(TimeSpan.FromMilliseconds(milliseconds)));

    private static (HealthStatus, int) After(ContainerHealth health, params (int Second, int ExitCode)[] probes)
    {
        foreach (var (second, exitCode) in probes)
        {
            health = HealthMachine.Observe(health, Probe(exitCode), s_settings, Seconds(second));
        }

        return (health.Status, health.FailingStreak);
    }

    private static HealthSettings? Settings(HealthCheckSpec? check, IReadOnlyList<string>? shell = null) =>
        HealthSettings.Of(new([], ["sh"], [], "/", "", new Dictionary<string, string>(), [], 15, check, shell));

    private static HealthProbe Probe(int exitCode) => new(default, default, exitCode, "");

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);
}
