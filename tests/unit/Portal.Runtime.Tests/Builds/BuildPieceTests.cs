using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Cache;
using Portal.Runtime.Builds.Fetching;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Tests.Builds;

/// <summary>The small parts of builds: modes, keys, addresses, the cache.</summary>
public sealed class BuildPieceTests : IDisposable
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly string _root = Directory.CreateTempSubdirectory("builds").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("755", 420, false, "755")]
    [InlineData("04711", 420, false, "4711")]
    [InlineData("u=rwX,go=rX", 384, false, "644")]
    [InlineData("u=rwX,go=rX", 448, false, "755")]
    [InlineData("u=rwX,go=rX", 384, true, "755")]
    [InlineData("a-w", 420, false, "444")]
    [InlineData("+x", 420, false, "755")]
    [InlineData("go=", 511, false, "700")]
    [InlineData("u+s,g+s,+t", 493, false, "7755")]
    [InlineData("g=u", 448, false, "770")]
    [InlineData("u+x-w", 420, false, "544")]
    public void Mode_OctalOrSymbolic_IsApplied(string text, int mode, bool isFolder, string expected) => Assert.Equal(expected, Convert.ToString(ModeChange.TryParse(text)!.Apply((uint)mode, isFolder), 8));

    [Theory]
    [InlineData("")]
    [InlineData("8")]
    [InlineData("77777")]
    [InlineData("u")]
    [InlineData("u=q")]
    [InlineData("=,")]
    [InlineData("-1")]
    public void Mode_ThatIsNone_IsNull(string text) => Assert.Null(ModeChange.TryParse(text));

    [Fact]
    public void Key_OfOtherParts_IsAnother()
    {
        string[] keys = [CacheKey.Of("a", "b", "c"), CacheKey.Of("a", "bc"), CacheKey.Of("ab", "c"), CacheKey.Of("a", "b", null), CacheKey.Of("a", "b", ""), CacheKey.Of("a", "b")];

        Assert.Equal(6, keys.Distinct().Count());
        Assert.Equal(CacheKey.Of("a", "b"), keys[^1]);
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("9.9.9.9", false)]
    [InlineData("10.9.9.9", true)]
    public void Address_OfTheOpenNetwork_MayBeFetchedFrom(string address, bool allowed) =>
        Assert.Equal(allowed, new OutboundPolicy(["10.9.9.0/24"]).Allows(IPAddress.Parse(address), () => [IPAddress.Parse("9.9.9.9")]));

    [Theory]
    [InlineData("https://example.org/x.git", "https://example.org/x.git", "example.org", "", "")]
    [InlineData("https://example.org/x.git#main:sub/dir", "https://example.org/x.git", "example.org", "main", "sub/dir")]
    [InlineData("git@example.org:x/y.git#:../..", "git@example.org:x/y.git", "example.org", "", "../..")]
    [InlineData("github.com/a/b", "https://github.com/a/b", "github.com", "", "")]
    [InlineData("git://example.org/x", "git://example.org/x", "example.org", "", "")]
    public void Git_Address_IsRead(string text, string remote, string host, string reference, string folder) => Assert.Equal(new GitAddress(remote, host, reference, folder), GitAddress.TryParse(text));

    [Theory]
    [InlineData("https://example.org/x.tar")]
    [InlineData("file:///etc/x.git")]
    [InlineData("https://example.org/x.git#--upload-pack=evil")]
    [InlineData("git@-oProxyCommand=evil:x")]
    [InlineData("dir/x.git")]
    [InlineData("ext::sh -c evil.git")]
    public void Git_AddressThatIsNone_IsNull(string text) => Assert.Null(GitAddress.TryParse(text));

    [Fact]
    public void Cache_Opened_Again_HasItsRecords_ButNotThoseOfLayersThatWereNotOnTheDisk()
    {
        var cache = Open();
        var (a, b) = (Digest.Of("a"u8), Digest.Of("b"u8));
        cache.Put(Record("k1", [a], a) with { IsUnflushed = true });
        cache.Settle(["k1"]);
        cache.Put(Record("k2", [a], a) with { IsUnflushed = true });
        cache.Put(Record("k3", ChainId.Of([a, b]), b));
        File.WriteAllText(Path.Combine(_root, "builds/cache/bad.json"), "{");
        var again = Open();

        Assert.Equal(["k1", "k3"], again.Records.Select(record => record.Key).Order());
        Assert.NotNull(again.TryGet("k1", []));
        Assert.Null(again.TryGet("k1", [b]));
        Assert.NotNull(again.TryGet("k3", [a]));
        Assert.Null(again.TryGet("k3", [b]));
        Assert.Null(again.TryGet("k2", []));
        Assert.Equal((true, true, true), (again.HoldsBlob(a), again.HoldsLayer(a), again.HoldsLayer(ChainId.Of([a, b])[1])));
        again.Remove("k3");
        Assert.Equal((true, false), (again.HoldsBlob(a), again.HoldsBlob(b)));
        again.Remove("k1");
        Assert.False(again.HoldsLayer(a));
        Assert.Empty(Open().Records);
    }

    [Fact]
    public void Cache_Replacing_CountsWhatItHoldsOnce()
    {
        var cache = Open();
        var a = Digest.Of("a"u8);
        cache.Put(Record("k", [a], a));
        cache.Use(cache.TryGet("k", [])!);
        cache.Settle(["k"]);

        Assert.Equal(2, cache.TryGet("k", [])!.Uses);
        cache.Remove("k");
        Assert.False(cache.HoldsBlob(a));
    }

    [Fact]
    public void Prune_TakesTheOldestFirstUntilEnoughIsGone()
    {
        BuildCacheRecord[] records =
        [
            Shown("new", 10, 1), Shown("old", 20, 3), Shown("used", 40, 5) with { InUse = true }, Shown("shared", 80, 9) with { Shared = true },
        ];
        string Prune(BuildCachePruneRequest request) => string.Join(',', CachePruning.Choose(records, request, 1000, s_now).Select(record => record.Id));

        Assert.Equal("old,new", Prune(new(false, CacheBounds.None, null, null)));
        Assert.Equal("shared,old,new", Prune(new(true, CacheBounds.None, null, null)));
        Assert.Equal("old", Prune(new(false, new(0, 55, 0), null, null)));
        Assert.Equal("", Prune(new(false, new(0, 70, 0), null, null)));
        Assert.Equal("old", Prune(new(false, new(0, 0, 1001), null, null)));
        Assert.Equal("", Prune(new(false, new(0, 0, 1000), null, null)));
        Assert.Equal("old", Prune(new(false, CacheBounds.None, TimeSpan.FromHours(2), null)));
        Assert.Equal("new", Prune(new(false, CacheBounds.None, null, ["new"])));
        Assert.Equal("", Prune(new(false, CacheBounds.None, null, [])));
    }

    [Fact]
    public void Prune_OfARecordThatOthersBuildOn_TakesThoseFirst()
    {
        BuildCacheRecord[] records =
        [
            Shown("base", 10, 9), Shown("a", 10, 2) with { Parents = ["base"] }, Shown("b", 10, 3) with { Parents = ["base"] }, Shown("c", 10, 1) with { Parents = ["b", "elsewhere"] },
        ];
        string Prune(BuildCachePruneRequest request) => string.Join(',', CachePruning.Choose(records, request, 0, s_now).Select(record => record.Id));

        Assert.Equal("a,c,b,base", Prune(new(false, CacheBounds.None, null, null)));
        Assert.Equal("a", Prune(new(false, new(0, 30, 0), null, null)));
        records[3] = records[3] with { InUse = true };
        Assert.Equal("a", Prune(new(false, CacheBounds.None, null, null)));
    }

    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(30, 0, 0, 30)]
    [InlineData(0, 40, 0, 40)]
    [InlineData(30, 20, 0, 30)]
    [InlineData(0, 500, 0, 100)]
    [InlineData(0, 0, 50, 100)]
    [InlineData(0, 0, 70, 80)]
    [InlineData(90, 0, 70, 90)]
    [InlineData(0, 60, 70, 60)]
    [InlineData(10, 60, 500, 10)]
    public void Bounds_OfACacheOf100WhereTheDiskHas50Free_KeepSoMuch(long reserved, long most, long free, long kept) => Assert.Equal(kept, new CacheBounds(reserved, most, free).Keep(100, 50));

    [Fact]
    public async Task Trimming_AskedForDuringAPass_MakesOneMore()
    {
        var trimming = new CacheTrimming(new() { DataRoot = _root, BuildCacheLimit = 40 }, NullLogger<CacheTrimming>.Instance);
        TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously), first = new(TaskCreationOptions.RunContinuationsAsynchronously), second = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = new List<BuildCachePruneRequest>();
        async Task<BuildCachePruning> PruneAsync(BuildCachePruneRequest request, CancellationToken ct)
        {
            asked.Add(request);
            if (asked.Count == 1)
            {
                begun.SetResult();
                await first.Task;
                throw new IOException("once");
            }

            second.SetResult();
            return new([], 0);
        }

        trimming.Ask(PruneAsync);
        await begun.Task;
        trimming.Ask(PruneAsync);
        trimming.Ask(PruneAsync);
        first.SetResult();
        await second.Task;

        Assert.Equal(2, asked.Count);
        Assert.Equal((10, 40, false), (asked[1].Bounds.ReservedBytes, asked[1].Bounds.MaximumBytes, asked[1].All));
    }

    [Fact]
    public void Cache_RemovingWhatABuildUses_LeavesIt()
    {
        var cache = Open();
        var a = Digest.Of("a"u8);
        cache.Put(Record("k", [a], a));
        using (cache.Hold("k"))
        {
            Assert.Null(cache.Remove("k"));
            Assert.True(cache.HoldsBlob(a));
        }

        Assert.Equal("k", cache.Remove("k")?.Key);
        Assert.Null(cache.Remove("k"));
    }

    private static BuildCacheRecord Shown(string id, long size, int hours) => new(id, "regular", id, [], false, false, size, s_now.AddDays(-1), s_now.AddHours(-hours), 1);

    private static CacheRecord Record(string key, IReadOnlyList<Digest> chain, Digest diffId) =>
        new() { Key = key, Description = key, Chain = [.. chain.Select(id => id.ToString())], DiffId = diffId.ToString(), Created = s_now, Uses = 1 };

    private BuildCache Open() => new(new RuntimeOptions { DataRoot = _root }, TimeProvider.System);
}
