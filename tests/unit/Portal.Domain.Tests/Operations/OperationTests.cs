using Portal.Domain.Access;
using Portal.Domain.Operations;
using Portal.Domain.Primitives;

namespace Portal.Domain.Tests.Operations;

public sealed class OperationTests
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Error s_error = new(ErrorKind.Invalid, "engine.failed", "No.");

    [Fact]
    public void Operation_ThatHasEnded_StaysAsItEnded()
    {
        var done = Of(new("u1", "ann", [])).Begin(s_now).Succeed(new() { ImageId = "sha256:1" }, s_now);

        Assert.All(
            (Operation[])[done.Begin(s_now), done.Fail(s_error, s_now), done.Cancel(s_error, s_now), done.Abandon(s_now)],
            after => Assert.Equal((OperationState.Succeeded, "sha256:1", null), (after.State, after.Result?.ImageId, after.Error)));
    }

    [Fact]
    public void Operation_UnderWayWhenThePortalEnded_HasFailed()
    {
        var abandoned = Of(new("u1", "ann", [])).Begin(s_now).Abandon(s_now.AddHours(1));

        Assert.Equal((OperationState.Failed, "operation.restarted", s_now.AddHours(1)), (abandoned.State, abandoned.Error?.Code, abandoned.Ended));
    }

    [Fact]
    public void Operation_OfAPerson_IsTheirsByAnyTokenWithoutALimit_AndByALimitedOneOnlyItsOwn()
    {
        var ann = new Actor("u1", "ann", []);
        var limited = ann with { TokenId = "t1", Limits = [] };

        Assert.True(Of(ann).IsOf(ann with { TokenId = "t2" }));
        Assert.False(Of(ann).IsOf(limited));
        Assert.True(Of(limited).IsOf(limited));
        Assert.False(Of(ann).IsOf(new("u2", "ben", [])));
        Assert.False(Of(Actor.Anonymous).IsOf(Actor.Anonymous));
    }

    [Fact]
    public void Rights_Kept_MayGrow_AndMayNotShrink()
    {
        Grant one = new(BuiltInRoles.Viewer, Scope.All), two = new(BuiltInRoles.Operator, Scope.All);
        var ann = new Actor("u1", "ann", [one]) { Teams = ["web"] };

        Assert.True((ann with { Grants = [two, one], Teams = ["db", "web"] }).KeepsRightsOf(ann));
        Assert.False((ann with { Grants = [two] }).KeepsRightsOf(ann));
        Assert.False((ann with { Teams = [] }).KeepsRightsOf(ann));
        Assert.False((ann with { Limits = [one] }).KeepsRightsOf(ann));
        Assert.False((ann with { TokenId = "t1" }).KeepsRightsOf(ann));
        Assert.False(Actor.Anonymous.KeepsRightsOf(ann));
    }

    [Fact]
    public void Operation_OfATeamsToken_IsTheTeams()
    {
        var script = new Actor("", "team web", []) { Teams = ["web"], TokenId = "t1", Limits = null };

        Assert.True(Of(script).IsOf(script with { TokenId = "t2" }));
        Assert.False(Of(script).IsOf(new Actor("", "team db", []) { Teams = ["db"], TokenId = "t3" }));
    }

    [Fact]
    public void Ended_TooManyOrTooOld_AreForgotten_TheOldestFirst()
    {
        var many = Enumerable.Range(0, OperationRetention.Most + 2).Select(i => Of(new("u", "ann", []), $"{i:00000}").Succeed(new(), s_now.AddSeconds(i))).ToArray();
        var running = Of(new("u", "ann", []), "running").Begin(s_now.AddDays(-30));

        Assert.Equal(["00001", "00000"], OperationRetention.Forgotten([.. many, running], s_now.AddHours(1)).Select(operation => operation.Id));
        Assert.Equal(many.Length, OperationRetention.Forgotten([.. many, running], s_now.AddDays(8)).Count);
    }

    [Fact]
    public void Progress_OfLayers_IsTheSumOfTheirs()
    {
        var progress = OperationProgress.None
            .After(new(null, "Pulling from library/busybox"))
            .After(new("a", "Downloading", null, 5, 10))
            .After(new("b", "Downloading", null, 1, 4))
            .After(new("a", "Downloading", null, 9, 10))
            .After(new("a", "Pull complete"));

        Assert.Equal(("Pulling from library/busybox", 10L, 14L), (progress.Message, progress.CurrentBytes, progress.TotalBytes));
        Assert.Equal([("a", "Pull complete"), ("b", "Downloading")], progress.Parts.Select(part => (part.Id, part.Status)));
    }

    [Fact]
    public void Progress_OfEndlessParts_IsBounded()
    {
        var progress = Enumerable.Range(0, 5000).Aggregate(OperationProgress.None, (known, i) => known.After(new($"{i}", new string('x', 5000), null, 1, 1)));

        Assert.Equal(256, progress.Parts.Length);
        Assert.All(progress.Parts, part => Assert.Equal(1024, part.Status.Length));
    }

    [Theory]
    [InlineData("Step 2/7 : RUN make\n", 2, 7)]
    [InlineData("Step 2 of many", null, null)]
    [InlineData(" ---> 0123", null, null)]
    public void Progress_OfABuild_IsItsStep(string text, int? step, int? steps)
    {
        var progress = OperationProgress.None.After(new(null, null, text));

        Assert.Equal((step, steps), (progress.Step, progress.Steps));
    }

    [Fact]
    public void Output_InPieces_IsLines()
    {
        var output = new OperationOutput();
        foreach (var piece in (string[])["Step 1/1 : FR", "OM scratch\r\n", " ---> 1\nlast"])
        {
            output.Take(new(null, null, piece));
        }

        Assert.Equal(["Step 1/1 : FROM scratch", " ---> 1"], output.From(0).Lines);
        output.End();
        Assert.Equal(["last"], output.From(2).Lines);
        Assert.Empty(output.From(long.MaxValue).Lines);
    }

    [Fact]
    public void Output_WithoutEnd_KeepsTheNewest_AndCountsTheRest()
    {
        var output = new OperationOutput();
        for (var i = 0; i < OperationOutput.MostLines + 5; i++)
        {
            output.Take(new(null, null, $"{i}\n"));
        }

        var (lines, missed) = output.From(2);

        Assert.Equal((OperationOutput.MostLines, 3L, "5"), (lines.Length, missed, lines[0]));
        output.Take(new(null, null, new string('x', 1 << 20)));
        output.End();
        Assert.Equal(2048, output.From(output.Count - 1).Lines.Single().Length);
    }

    private static Operation Of(Actor actor, string id = "o1") => Operation.Of(id, OperationKind.ImagePull, new("local"), "busybox", actor, s_now);
}
