using System.Text;
using Microsoft.Extensions.Time.Testing;
using Portal.Agent.BuildKit.Solving;
using Portal.Agent.BuildKit.Wire;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;

namespace Portal.Agent.Tests.BuildKit;

public sealed class StatusJournalTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly StatusJournal _journal;

    public StatusJournalTests() => _journal = new(_time);

    [Fact]
    public async Task Reader_WhoComesLate_HasAllOfIt()
    {
        var step = Step("a");
        _journal.Planned([step]);
        _journal.Started(step);
        _journal.Output(step, 1, "hello\n"u8);
        _time.Advance(TimeSpan.FromSeconds(2));
        _journal.Completed(step, new(false, null, "", ""));
        _journal.End(null);

        var all = await ReadAsync();

        var last = all.Vertexes[^1];
        Assert.Equal("[1/1] a", last.Name);
        Assert.Equal(StatusJournal.DigestOf("a"), last.Digest);
        Assert.Equal(TimeSpan.FromSeconds(2), last.Completed.ToDateTimeOffset() - last.Started.ToDateTimeOffset());
        Assert.Equal("hello\n", Assert.Single(all.Logs).Msg.ToStringUtf8());
        Assert.Null(all.Vertexes[0].Started);
    }

    [Fact]
    public async Task Reader_WhoWaits_HearsWhatComesAndTheEnd()
    {
        var reading = ReadAsync();
        Assert.False(reading.IsCompleted);

        _journal.Started(Step("a"));
        _journal.End(null);

        Assert.NotEmpty((await reading).Vertexes);
    }

    [Fact]
    public async Task Configuration_IsNoStep_AndOthersStandOnWhatItStandsOn()
    {
        var first = Step("a");
        var label = Step("b", "a") with { IsConfiguration = true };
        var last = Step("c", "b");
        _journal.Planned([first, label, last]);
        _journal.Started(label);
        _journal.Completed(label, new(false, null, "", ""));
        _journal.End(null);

        var all = await ReadAsync();

        Assert.Equal(["[1/1] a", "[1/1] c"], all.Vertexes.Select(v => v.Name));
        Assert.Equal([StatusJournal.DigestOf("a")], all.Vertexes[1].Inputs);
    }

    [Fact]
    public async Task Configuration_ThatFails_IsShown()
    {
        var label = Step("b") with { IsConfiguration = true };
        _journal.Completed(label, new(false, "wrong", "", ""));
        _journal.End("wrong");

        Assert.Equal("wrong", Assert.Single((await ReadAsync()).Vertexes).Error);
    }

    [Fact]
    public async Task Command_ThatFails_HasBuildKitsWords()
    {
        var failure = new BuildFailure(new(ErrorKind.Internal, "build.command", "The command '/bin/sh -c x' returned a non-zero code: 3"), 4) { Command = "/bin/sh -c x", ExitCode = 3 };
        _journal.Completed(Step("a"), new(false, failure.Message, "", "") { Failure = failure });
        _journal.End("x");

        Assert.Equal("process \"/bin/sh -c x\" did not complete successfully: exit code: 3", Assert.Single((await ReadAsync()).Vertexes).Error);
    }

    [Fact]
    public async Task Movement_IsToldAtAPaceAndAtItsEnd()
    {
        var step = Step("a");
        for (var i = 0; i < 50; i++)
        {
            _journal.Moved(step, "x", i, 100, false);
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        _journal.Moved(step, "x", 100, 100, true);
        _journal.End(null);

        var told = (await ReadAsync()).Statuses;
        Assert.Equal([0, 10, 20, 30, 40, 100], told.Select(s => s.Current));
        Assert.NotNull(told[^1].Completed);
        Assert.All(told.SkipLast(1), s => Assert.Null(s.Completed));
    }

    [Fact]
    public async Task Output_PastTheLimit_IsLeftOutWithALine()
    {
        var step = Step("a");
        var megabyte = new byte[1 << 20];
        for (var i = 0; i < 20; i++)
        {
            _journal.Output(step, 1, megabyte);
        }

        _journal.End(null);

        var logs = (await ReadAsync()).Logs;
        Assert.Equal(17, logs.Count);
        Assert.Contains("output clipped", logs[^1].Msg.ToStringUtf8(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatWasBegun_AtTheEnd_IsShownAsEnded()
    {
        _journal.Started(Step("a"));
        _journal.End("context canceled");

        var last = (await ReadAsync()).Vertexes[^1];
        Assert.NotNull(last.Completed);
        Assert.Equal("context canceled", last.Error);
    }

    private static BuildStep Step(string id, params string[] inputs) => new(id, $"[1/1] {id}", "", 1, 1, id, 1, inputs);

    private async Task<StatusResponse> ReadAsync()
    {
        var all = new StatusResponse();
        await foreach (var status in _journal.ReadAsync(default))
        {
            all.MergeFrom(status);
        }

        return all;
    }
}
