using Microsoft.Extensions.Logging.Abstractions;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public sealed class NetworkStoreTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("networks").FullName;

    [Fact]
    public void Load_Twice_KeepsIdsOfPredefinedNetworks()
    {
        var first = Load();
        var second = Load();

        Assert.Equal(["bridge", "host", "none"], first.Select(n => n.Name));
        Assert.Equal(["bridge", "host", "null"], first.Select(n => n.Driver));
        Assert.Equal(first.Select(n => n.Id), second.Select(n => n.Id));
        Assert.All(first, n => Assert.Equal(64, n.Id.Length));
    }

    [Fact]
    public void Load_RecordOfAnEarlierVersion_KeepsItsIdAndGetsTheSettingsOfToday()
    {
        Directory.CreateDirectory(Path.Combine(_root, "networks"));
        var id = new string('e', 64);
        File.WriteAllText(Path.Combine(_root, "networks", id + ".json"), $$"""{"id":"{{id}}","name":"bridge","driver":"bridge","created":"2026-01-02T03:04:05+00:00"}""");

        var bridge = Load()[0];

        Assert.Equal((id, 2026, true), (bridge.Id, bridge.Created.Year, bridge.Spec.EnableIPv4));
        Assert.Equal(new NetworkPool("172.29.0.0/16", "172.29.0.1"), Assert.Single(bridge.Spec.Pools));
    }

    [Fact]
    public void Add_Network_IsThereAfterARestartAsItWas()
    {
        var store = Open();
        store.Load();
        var spec = new NetworkSpec
        {
            Name = "shop", Driver = "bridge", EnableIPv6 = true, Internal = true, Labels = new Dictionary<string, string> { ["a"] = "b" },
            Pools = [new("10.1.0.0/16", "10.1.0.1", "10.1.5.0/24", new Dictionary<string, string> { ["router"] = "10.1.0.9" }), new("fd00::/64", "fd00::1", IsAutomatic: true)],
        };
        store.Add(new(new string('c', 64), DateTimeOffset.UnixEpoch, spec, OwnsLink: true));

        var found = Load().Single(n => n.Name == "shop");

        Assert.True(found.OwnsLink);
        Assert.Equal((true, true, "b", "default"), (found.Spec.EnableIPv6, found.Spec.Internal, found.Spec.Labels["a"], found.Spec.IpamDriver));
        Assert.Equal("10.1.0.9", found.Spec.Pools[0].Auxiliary!["router"]);
        Assert.Equal(spec.Pools[1], found.Spec.Pools[1]);
    }

    [Fact]
    public void Remove_Network_IsGoneAfterARestart()
    {
        var store = Open();
        store.Load();
        var record = new NetworkRecord(new string('c', 64), DateTimeOffset.UnixEpoch, new() { Name = "shop", Driver = "bridge" });
        store.Add(record);
        store.Remove(record);

        Assert.Equal(["bridge", "host", "none"], store.All.Select(n => n.Name));
        Assert.Equal(["bridge", "host", "none"], Load().Select(n => n.Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"id\":")]
    [InlineData("null")]
    [InlineData("[]")]
    public void Load_BrokenRecord_IsSetAsideAndTheNetworkMadeAnewWithItsId(string content)
    {
        var first = Load();
        var path = Path.Combine(_root, "networks", first[0].Id + ".json");
        File.WriteAllText(path, content);

        var second = Load();

        // A container that was in it finds it again.
        Assert.Equal(first.Select(n => n.Id), second.Select(n => n.Id));
        Assert.Equal(content, File.ReadAllText(Directory.GetFiles(Path.Combine(_root, "networks"), first[0].Id + ".json.unreadable-*").Single()));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private IReadOnlyList<NetworkRecord> Load()
    {
        var store = Open();
        store.Load();
        return store.All;
    }

    private NetworkStore Open() => new(new RuntimeOptions { DataRoot = _root }, TimeProvider.System, NullLogger<NetworkStore>.Instance);
}
