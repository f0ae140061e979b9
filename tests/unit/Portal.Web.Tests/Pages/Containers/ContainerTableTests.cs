using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.TestKit.Fleet;
using Portal.Web.Components.Pages.Containers;

namespace Portal.Web.Tests.Pages.Containers;

public sealed class ContainerTableTests
{
    private readonly ContainerTable _table = new();

    [Fact]
    public void Apply_Changes_AddReplaceAndRemove()
    {
        _table.Reset([Some.Container(1, "a"), Some.Container(2, "b")]);

        _table.Apply([
            new(ChangeKind.Remove, Some.Container(1, "a")),
            new(ChangeKind.Upsert, Some.Container(2, "b", ContainerState.Exited)),
            new(ChangeKind.Upsert, Some.Container(3, "c")),
        ]);

        Assert.Equal(["b Exited", "c Running"], _table.Shown.Select(row => $"{row.View.Name} {row.View.State}"));
    }

    [Fact]
    public void Selection_FollowsTheObject_NotItsValue()
    {
        _table.Reset([Some.Container(1, "a"), Some.Container(2, "b")]);
        _table.Select(_table.Shown[0].Key, true);
        _table.Select(_table.Shown[1].Key, true);

        _table.Apply([new(ChangeKind.Upsert, Some.Container(1, "a", ContainerState.Exited)), new(ChangeKind.Remove, Some.Container(2, "b"))]);
        _table.Reset([Some.Container(1, "renamed"), Some.Container(5)]);

        Assert.Equal("renamed", Assert.Single(_table.Selected).View.Name);
        Assert.Null(_table.AllShownSelected);
    }

    [Fact]
    public void Search_EveryWordMustFitSomewhere()
    {
        _table.HostNames = new Dictionary<HostId, string> { [new("h1")] = "atlas", [new("h2")] = "castor" };
        _table.Reset([
            Some.Container(1, "web", image: "nginx", host: "h1", ports: [new(80, "tcp", "0.0.0.0", 8080)]),
            Some.Container(2, "web", image: "httpd", host: "h2"),
            Some.Container(0xabc, "db", image: "postgres", host: "h2"),
        ]);

        Assert.Equal(2, Found("WEB"));
        Assert.Equal(1, Found("web castor"));
        Assert.Equal(1, Found("8080"));
        Assert.Equal(0, Found("808"));
        Assert.Equal(1, Found("postgres"));
        Assert.Equal(3, Found("0000000"));
        Assert.Equal(0, Found("web mysql"));
        Assert.Equal(3, Found("  "));
    }

    [Fact]
    public void State_Filter_ShowsOnlyIt_WhileCountsStayWhole()
    {
        _table.Reset([Some.Container(1), Some.Container(2, state: ContainerState.Exited), Some.Container(3)]);

        _table.State = ContainerState.Exited;
        _table.SelectShown(true);

        Assert.Equal(1, _table.SelectedCount);
        Assert.Equal(2, _table.Counts[ContainerState.Running]);
        Assert.Equal(3, _table.Total);
    }

    [Fact]
    public void SortBy_Load_StartsWithTheHighest_AndEqualLoadsKeepTheirPlace()
    {
        _table.Reset([Some.Container(1, "a"), Some.Container(2, "b"), Some.Container(3, "c"), Some.Container(4, "d", ContainerState.Exited)]);
        _table.Measure([Some.Stats(1, cpu: 1), Some.Stats(2, cpu: 9), Some.Stats(3, cpu: 1)]);

        _table.SortBy(ContainerColumn.Cpu);
        Assert.Equal(["b", "a", "c", "d"], Names());

        _table.Measure([Some.Stats(1, cpu: 20)]);
        Assert.Equal(["a", "b", "c", "d"], Names());

        _table.SortBy(ContainerColumn.Cpu);
        Assert.Equal(["d", "c", "b", "a"], Names());
    }

    [Fact]
    public void Stats_OfAContainerThatEnded_AreGone()
    {
        _table.Reset([Some.Container(1)]);
        _table.Measure([Some.Stats(1)]);
        var row = _table.Shown[0];
        Assert.NotNull(row.Stats);

        _table.Apply([new Change<ContainerView>(ChangeKind.Upsert, Some.Container(1, state: ContainerState.Exited))]);
        _table.Measure([Some.Stats(1)]);

        Assert.Null(row.Stats);
        Assert.Empty(row.CpuHistory);
    }

    [Fact]
    public void Stats_HistoryIsBounded_AndEveryChangeRaisesTheVersion()
    {
        _table.Reset([Some.Container(1)]);
        var row = _table.Shown[0];
        var version = row.Version;

        for (var i = 0; i < 100; i++)
        {
            _table.Measure([Some.Stats(1, cpu: i)]);
        }

        Assert.Equal(ContainerRow.HistoryLength, row.CpuHistory.Count);
        Assert.Equal(99, row.CpuHistory[^1]);
        Assert.Equal(version + 100, row.Version);
    }

    private int Found(string search)
    {
        _table.Search = search;
        return _table.Shown.Count;
    }

    private string[] Names() => [.. _table.Shown.Select(row => row.View.Name)];
}
