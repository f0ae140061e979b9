using System.Collections.Immutable;
using Portal.Domain.Access.Quotas;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Domain.Tests.Access;

public sealed class QuotaRulesTests
{
    private const long GiB = 1L << 30, Cpu = 1_000_000_000;

    private static readonly TeamQuota s_all = new() { Containers = 2, Volumes = 2, MemoryBytes = 2 * GiB, NanoCpus = 2 * Cpu };

    [Fact]
    public void New_WithinAll_IsLetThrough() => Assert.Null(Check(s_all, Having(1), New(GiB, Cpu) with { Volumes = 1 }));

    [Fact]
    public void New_WhereThereIsNoQuota_NeedsNoLimits() => Assert.Null(Check(TeamQuota.None, Having(100), New(0, 0) with { Volumes = 50 }));

    [Fact]
    public void New_BeyondTheContainers_SaysHowManyThereAre()
    {
        var error = Check(s_all, Having(2), New(1, 1));

        Assert.Equal((ErrorKind.Forbidden, "quota.exceeded"), (error?.Kind, error?.Code));
        Assert.StartsWith("team web: 2 of 2 containers on host here.", error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(GiB + 1, Cpu, "quota.exceeded", "1 GiB of 2 GiB memory on host here, and 1 GiB more asked for")]
    [InlineData(GiB, Cpu + 1, "quota.exceeded", "1 of 2 processors on host here, and 1 more asked for")]
    [InlineData(long.MaxValue, Cpu, "quota.exceeded", "memory")]
    [InlineData(GiB, long.MaxValue, "quota.exceeded", "processors")]
    [InlineData(0, Cpu, "quota.unlimited", "--memory")]
    [InlineData(-1, Cpu, "quota.unlimited", "--memory")]
    [InlineData(GiB, 0, "quota.unlimited", "--cpus")]
    public void New_BeyondAnAmountOrWithoutALimit_IsRefused(long memory, long cpus, string code, string words)
    {
        var error = Check(s_all, Having(1), New(memory, cpus));

        Assert.Equal(code, error?.Code);
        Assert.Contains(words, error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Volumes_BeyondTheirNumber_AreRefused()
    {
        var usage = TeamUsage.None with { Volumes = 1 };

        Assert.Null(Check(s_all, usage, new() { Volumes = 1 }));
        Assert.Contains("1 of 2 volumes", Check(s_all, usage, new() { Volumes = 2 })!.Message, StringComparison.Ordinal);
        Assert.Contains("1 of 2 volumes", Check(s_all, usage, New(1, 1) with { Volumes = 2 })!.Message, StringComparison.Ordinal);
    }

    /// <summary>What is there counts once: with what it will have, and not with what it has.</summary>
    [Theory]
    [InlineData(GiB, null)]
    [InlineData(GiB + 1, "quota.exceeded")]
    [InlineData(0, null)]
    [InlineData(-1, "quota.unlimited")]
    public void Change_IsCountedInPlaceOfWhatWas(long memory, string? code) =>
        Assert.Equal(code, Check(s_all, Having(2), new() { Container = "0", Limits = new(memory, 0, 0, 0) })?.Code);

    [Fact]
    public void Change_ForLess_IsLetThroughThoughItIsStillTooMuch()
    {
        var usage = Having(4);

        Assert.Null(Check(s_all, usage, new() { Container = "0", Limits = new(GiB / 2, 0, 0, 0) }));
        Assert.Equal("quota.exceeded", Check(s_all, usage, new() { Container = "0", Limits = new(GiB + 1, 0, 0, 0) })?.Code);
    }

    [Fact]
    public void Start_OfATeamThatHasTooMuch_IsRefused()
    {
        Assert.Null(Check(s_all, Having(2), new() { Container = "0" }));
        Assert.Contains("3 of 2 containers", Check(s_all, Having(3), new() { Container = "0" })!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Start_OfAContainerFromBeforeTheQuota_NeedsALimit()
    {
        var usage = TeamUsage.None with { Containers = ImmutableDictionary<string, ContainerLimits>.Empty.Add("old", default).Add("new", new(GiB, Cpu, 0, 0)) };

        Assert.Equal("quota.unlimited", Check(s_all, usage, new() { Container = "old" })?.Code);
        Assert.Null(Check(s_all, usage, new() { Container = "new" }));
    }

    [Theory]
    [InlineData(500_000_000, 0, 0, 500_000_000L)]
    [InlineData(0, 50_000, 0, 500_000_000L)]
    [InlineData(0, 50_000, 25_000, 2_000_000_000L)]
    [InlineData(500_000_000, 200_000, 0, 2_000_000_000L)]
    [InlineData(0, 0, 50_000, null)]
    [InlineData(500_000_000, -1, 0, null)]
    public void Processors_AreReadInBothSpellings(long nanos, long quota, long period, long? taken) =>
        Assert.Equal(taken, (long?)ContainerLimits.Of(new ContainerResources { NanoCpus = nanos, CpuQuota = quota, CpuPeriod = period }).CpusTaken);

    private static QuotaDemand New(long memory, long cpus) => new() { Limits = new(memory, cpus, 0, 0) };

    private static TeamUsage Having(int containers) => TeamUsage.None with
    {
        Containers = Enumerable.Range(0, containers).ToImmutableDictionary(number => $"{number}", _ => new ContainerLimits(GiB, Cpu, 0, 0)),
    };

    private static Error? Check(TeamQuota quota, TeamUsage usage, QuotaDemand demand) => QuotaRules.Check("web", quota, usage, demand, new("here"));
}
