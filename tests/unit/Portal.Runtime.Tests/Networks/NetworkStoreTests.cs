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
        Assert.Equal(first, second);
        Assert.All(first, n => Assert.Equal(64, n.Id.Length));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"id\":")]
    [InlineData("null")]
    [InlineData("[]")]
    public void Load_BrokenRecord_IsSetAsideAndTheOthersKept(string content)
    {
        var first = Load();
        var path = Path.Combine(_root, "networks", first[0].Id + ".json");
        File.WriteAllText(path, content);

        var second = Load();

        Assert.Equal(first.Skip(1), second.Skip(1));
        Assert.NotEqual(first[0].Id, second[0].Id);
        Assert.Equal(content, File.ReadAllText(Directory.GetFiles(Path.Combine(_root, "networks"), first[0].Id + ".json.unreadable-*").Single()));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private IReadOnlyList<NetworkRecord> Load()
    {
        var store = new NetworkStore(new RuntimeOptions { DataRoot = _root }, TimeProvider.System, NullLogger<NetworkStore>.Instance);
        store.Load();
        return store.All;
    }
}
