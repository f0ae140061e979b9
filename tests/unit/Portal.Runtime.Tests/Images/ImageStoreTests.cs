using System.IO.Compression;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Primitives;
using Portal.Runtime.Events;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;
using Portal.Runtime.Tests.Tar;

namespace Portal.Runtime.Tests.Images;

public sealed class ImageStoreTests : IDisposable, IRuntimeEvents, IImageUsage
{
    private static readonly ImageConfig s_config = new() { Command = ["sh"], Labels = new Dictionary<string, string> { ["k"] = "v" } };

    private readonly string _root = Directory.CreateTempSubdirectory("portal-").FullName;
    private readonly List<RuntimeEvent> _events = [];
    private readonly List<ImageUser> _users = [];

    public void Dispose() => DirectoryTree.Delete(_root);

    [Fact]
    public async Task Import_FileTree_IsAnImageOfOneLayer()
    {
        using var store = Open();

        var image = await ImportAsync(store, "busybox");

        Assert.Equal(["busybox:latest"], image.Tags);
        Assert.Equal(7, image.SizeBytes);
        Assert.Equal(["sh"], image.Config.Command);
        Assert.Equal("Imported from -", Assert.Single(image.History).Comment);
        Assert.Equal(image, Same(store.Resolve("busybox"), image));
        Assert.Equal(image.Id, store.Resolve(image.Id.ToString()).Id);
        Assert.Equal(image.Id, store.Resolve(image.Id.Hex[..7]).Id);
        Assert.Equal("import", Assert.Single(_events).Action);
        Assert.Equal("v", _events[0].Attributes["k"]);
    }

    [Fact]
    public void Resolve_Unknown_SaysItInDockersWords()
    {
        using var store = Open();

        Assert.Equal("No such image: busybox:latest", Assert.Throws<ErrorException>(() => store.Resolve("busybox")).Message);
        Assert.Equal(ErrorKind.Invalid, Assert.Throws<ErrorException>(() => store.Resolve("Bad//Name")).Error.Kind);
    }

    [Fact]
    public async Task Open_AfterRestart_KnowsWhatWasThere()
    {
        ImageSnapshot image;
        using (var first = Open())
        {
            image = await ImportAsync(first, "busybox");
            await first.TagAsync("busybox", "team/app", "v1", default);
        }

        using var store = Open();

        Assert.Equal(["busybox:latest", "team/app:v1"], store.Resolve(image.Id.Hex).Tags);
        Assert.Equal(7, store.Resolve("team/app:v1").SizeBytes);
    }

    [Fact]
    public async Task Open_RecordWrittenAndItsReferencesNot_HasThem()
    {
        using (var first = Open())
        {
            await ImportAsync(first, "busybox");
            Assert.False(File.Exists(_root + "/images/coming.json"));
        }

        File.Move(_root + "/images/references.json", _root + "/images/coming.json");

        foreach (var _ in (int[])[1, 2])
        {
            using var store = Open();

            Assert.Equal(["busybox:latest"], store.Resolve("busybox").Tags);
            Assert.False(File.Exists(_root + "/images/coming.json"));
        }
    }

    [Fact]
    public async Task Open_ReferencesComingForAnImageThatDidNotCome_AreForgotten()
    {
        using (var first = Open())
        {
            await ImportAsync(first, "busybox");
        }

        await File.WriteAllTextAsync(_root + "/images/coming.json", $$"""{"docker.io/library/busybox:latest":"{{Digest.Of("other"u8)}}"}""");

        using var store = Open();

        Assert.Equal(["busybox:latest"], store.Resolve("busybox").Tags);
        Assert.False(File.Exists(_root + "/images/coming.json"));
    }

    [Fact]
    public async Task Open_DamagedRecord_KeepsItsBlobsAtEveryStart()
    {
        ImageSnapshot bad;
        using (var first = Open())
        {
            bad = await ImportAsync(first, "bad", "two");
        }

        var record = $"{_root}/images/records/{bad.Id.Hex}.json";
        var content = await File.ReadAllTextAsync(record);
        await File.WriteAllTextAsync(record, content[..20]);
        Open().Dispose();
        Open().Dispose();
        await File.WriteAllTextAsync(record, content);

        using var store = Open();

        Assert.Equal(bad.Id, store.Resolve(bad.Id.Hex).Id);
    }

    [Fact]
    public async Task Open_DamagedLayerRecord_IsUnpackedAgainUnderTheLinkContainersKnow()
    {
        using (var first = Open())
        {
            await ImportAsync(first, "busybox");
        }

        var links = Links();
        var layer = Assert.Single(Directory.GetDirectories(_root + "/layers"), folder => Path.GetFileName(folder).Length == 64);
        await File.WriteAllTextAsync(layer + "/layer.json", "{");

        using var store = Open();

        Assert.Equal(["busybox:latest"], store.Resolve("busybox").Tags);
        Assert.Equal(links, Links());

        string[] Links() => [.. Directory.GetFileSystemEntries(_root + "/layers/l").Select(Path.GetFileName).Order()!];
    }

    [Fact]
    public async Task Open_DamagedRecord_IsPutAsideAndTheRestWorks()
    {
        ImageSnapshot good, bad;
        using (var first = Open())
        {
            good = await ImportAsync(first, "good", "one");
            bad = await ImportAsync(first, "bad", "two");
        }

        var record = Path.Combine(_root, "images/records", bad.Id.Hex + ".json");
        File.WriteAllText(record, "{ \"id\":");
        using var store = Open();

        Assert.Equal([good.Id], store.List().Select(i => i.Id));
        Assert.Equal("{ \"id\":", File.ReadAllText(SetAside.In(_root + "/images/records").Single()));
        Assert.Throws<ErrorException>(() => store.Resolve("bad"));
    }

    [Fact]
    public async Task Open_LostLayer_IsUnpackedAgain()
    {
        ImageSnapshot image;
        using (var first = Open())
        {
            image = await ImportAsync(first, "busybox");
        }

        var layer = Path.Combine(_root, "layers", image.DiffIds[0].Hex);
        File.WriteAllText(Path.Combine(layer, "layer.json"), "");
        File.Delete(Path.Combine(layer, "diff/file"));
        using var store = Open();

        Assert.Equal("content", File.ReadAllText(Path.Combine(layer, "diff/file")));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Load_WhatWasSaved_HasTheSameDigests(bool gzipLayer, bool gzipArchive)
    {
        using var store = Open();
        var image = await store.ImportAsync(gzipLayer ? Gzip(Tree("content")) : Tree("content"), "busybox", null, s_config, "", default);
        await store.TagAsync("busybox", "team/app", "v1", default);
        var saved = await SaveAsync(store, "busybox", "team/app:v1");
        await store.RemoveAsync(image.Id.Hex, force: true, noPrune: false, default);
        Assert.Empty(store.List());
        Assert.Empty(Directory.GetFiles(Path.Combine(_root, "images/blobs/sha256")));

        var loaded = await store.LoadAsync(gzipArchive ? Gzip(new MemoryStream(saved)) : new MemoryStream(saved), default);

        Assert.Equal(["busybox:latest", "team/app:v1"], loaded.Order());
        Assert.Equal(image.Id, store.Resolve("busybox").Id);
        Assert.Equal(saved, await SaveAsync(store, "busybox", "team/app:v1"));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_root, "images/staging")));
    }

    [Fact]
    public async Task Load_TagThatIsTaken_LeavesTheOldImageDangling()
    {
        using var store = Open();
        var image = await ImportAsync(store, "busybox", "one");
        var saved = await SaveAsync(store, "busybox");
        var other = await ImportAsync(store, "busybox", "two");
        _events.Clear();

        await store.LoadAsync(new MemoryStream(saved), default);

        Assert.Equal(image.Id, store.Resolve("busybox").Id);
        Assert.Empty(store.Resolve(other.Id.Hex).Tags);
        Assert.Contains(_events, e => e.Action == "untag" && e.ActorId == other.Id.ToString());
    }

    [Fact]
    public async Task Load_DiffIdThatIsNotTheContents_LeavesNothing()
    {
        using var store = Open();
        var layer = Tree("content").ToArray();
        var config = $$$"""{"rootfs":{"type":"layers","diff_ids":["{{{Digest.Of("other"u8)}}}"]}}""";
        var archive = new TarBuilder().File("c.json", config).Member("l.tar"u8.ToArray(), '0', layer)
            .File("manifest.json", """[{"Config":"c.json","RepoTags":["x:1"],"Layers":["l.tar"]}]""");

        var error = await Assert.ThrowsAsync<ErrorException>(() => store.LoadAsync(archive.Build(), default));

        Assert.Contains(Digest.Of(layer).ToString(), error.Message, StringComparison.Ordinal);
        Assert.Empty(store.List());
        Assert.Empty(Directory.GetFiles(Path.Combine(_root, "images/blobs/sha256")));
        Assert.Equal(["l"], Directory.GetFileSystemEntries(Path.Combine(_root, "layers")).Select(Path.GetFileName));
    }

    public static TheoryData<string, string> BadManifests => new()
    {
        { "no image", "image archive" },
        { """[{"Config":"../../etc/passwd","Layers":[]}]""", "break out" },
        { """[{"Config":"missing.json","Layers":[]}]""", "not in the archive" },
        { """[{"Config":"loop","Layers":[]}]""", "circle" },
        { """[{"Config":"out","Layers":[]}]""", "not in the archive" },
        { """[{"Config":"c.json","Config":"d.json","Layers":[]}]""", "malformed" },
        { """[{"Config":"c.json","RepoTags":["Not A Tag"],"Layers":[]}]""", "no tag" },
        { """[{"Config":"c.json","Layers":["c.json"]}]""", "layers" },
        { new string('[', 5000), "malformed" },
        { "[null]", "malformed" },
        { """[{"Config":"c.json","Layers":[null]}]""", "malformed" },
    };

    [Theory]
    [MemberData(nameof(BadManifests))]
    public async Task Load_BadDockerArchive_IsRefusedWithTheReason(string manifest, string reason)
    {
        using var store = Open();
        var archive = new TarBuilder().File("c.json", """{"rootfs":{"type":"layers","diff_ids":[]}}""").Symlink("loop", "loop").Symlink("out", "/etc/passwd");
        archive = manifest == "no image" ? archive : archive.File("manifest.json", manifest);

        var error = await Assert.ThrowsAsync<ErrorException>(() => store.LoadAsync(archive.Build(), default));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_root, "images/staging")));
    }

    [Fact]
    public async Task Load_OciLayout_FollowsTheIndexToThisMachine()
    {
        using var store = Open();
        var (layer, foreign) = (Tree("content").ToArray(), """{"schemaVersion":2,"config":{},"layers":[]}"""u8.ToArray());
        var config = Encoding.UTF8.GetBytes($$$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["{{{Digest.Of(layer)}}}"]}}""");
        var manifest = ImageDocument.Manifest(Digest.Of(config), config.Length, [(Digest.Of(layer), layer.Length, Packing.None)]);
        var inner = Index(Entry(foreign, "s390x"), Entry(manifest, ImageStoreArchitecture));
        var index = Encoding.UTF8.GetBytes(Index(
            $$$"""{"mediaType":"{{{ImageDocument.IndexType}}}","digest":"{{{Digest.Of(Encoding.UTF8.GetBytes(inner))}}}","size":{{{inner.Length}}},"annotations":{"org.opencontainers.image.ref.name":"team/app:7"}}"""));
        var archive = new TarBuilder().File("oci-layout", """{"imageLayoutVersion":"1.0.0"}""").Member("index.json"u8.ToArray(), '0', index);
        foreach (var blob in (byte[][])[layer, config, manifest, foreign, Encoding.UTF8.GetBytes(inner)])
        {
            archive.Member(Encoding.UTF8.GetBytes("blobs/sha256/" + Digest.Of(blob).Hex), '0', blob);
        }

        Assert.Equal(["team/app:7"], await store.LoadAsync(archive.Build(), default));
        Assert.Equal(Digest.Of(config), store.Resolve("team/app:7").Id);
    }

    [Fact]
    public async Task Load_BlobThatIsNotItsDigest_NamesBoth()
    {
        using var store = Open();
        var claimed = Digest.Of("claimed"u8);
        var archive = new TarBuilder().File("oci-layout", """{"imageLayoutVersion":"1.0.0"}""").File("blobs/sha256/" + claimed.Hex, "{}")
            .File("index.json", Index($$"""{"mediaType":"{{ImageDocument.ManifestType}}","digest":"{{claimed}}","size":2}"""));

        var error = await Assert.ThrowsAsync<ErrorException>(() => store.LoadAsync(archive.Build(), default));

        Assert.Contains(claimed.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Contains(Digest.Of("{}"u8).ToString(), error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0x28, 0xB5, 0x2F, 0xFD, 0, 0, 0 }, "compressed data")]
    [InlineData(new byte[] { 0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF }, "compressed data")]
    [InlineData(new byte[] { 1, 2, 3 }, "header")]
    public async Task Load_NoTar_IsRefused(byte[] bytes, string reason)
    {
        using var store = Open();

        var error = await Assert.ThrowsAsync<ErrorException>(() => store.LoadAsync(new MemoryStream(bytes), default));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Remove_UsedImage_IsAConflictInDockersWords()
    {
        using var store = Open();
        var image = await ImportAsync(store, "busybox");
        var container = ContainerId.New();
        _users.Add(new ImageUser(container, Running: true));

        Assert.Equal(
            $"conflict: unable to remove repository reference \"busybox\" (must force) - container {container.Abbreviated} is using its referenced image {image.Id.Hex[..12]}",
            await ConflictAsync(store, "busybox", force: false));
        Assert.Equal(
            $"conflict: unable to delete {image.Id.Hex[..12]} (cannot be forced) - image is being used by running container {container.Abbreviated}",
            await ConflictAsync(store, image.Id.Hex[..12], force: true));
        _users[0] = new ImageUser(container, Running: false);
        Assert.Equal(
            $"conflict: unable to delete {image.Id.Hex[..12]} (must be forced) - image is being used by stopped container {container.Abbreviated}",
            await ConflictAsync(store, image.Id.Hex[..12], force: false));
    }

    [Fact]
    public async Task Remove_ByForceUnderARunningContainer_OnlyUntags()
    {
        using var store = Open();
        var image = await ImportAsync(store, "busybox");
        _users.Add(new ImageUser(ContainerId.New(), Running: true));

        Assert.Equal([new ImageDeletion("busybox:latest", null)], await store.RemoveAsync("busybox", force: true, noPrune: false, default));
        Assert.Empty(store.Resolve(image.Id.Hex).Tags);
    }

    [Fact]
    public async Task Remove_OneOfTwoNames_OnlyUntags_AndByIdNeedsForce()
    {
        using var store = Open();
        var image = await ImportAsync(store, "busybox");
        await store.TagAsync("busybox", "team/app", null, default);
        await store.TagAsync("busybox", "third", null, default);

        Assert.Equal([new ImageDeletion("third:latest", null)], await store.RemoveAsync("third", force: false, noPrune: false, default));
        Assert.Equal(
            $"conflict: unable to delete {image.Id.Hex[..12]} (must be forced) - image is referenced in multiple repositories", await ConflictAsync(store, image.Id.Hex, force: false));
        _events.Clear();
        Assert.Equal(
            [new("busybox:latest", null), new("team/app:latest", null), new(null, image.Id.ToString()), new ImageDeletion(null, image.DiffIds[0].ToString())],
            await store.RemoveAsync(image.Id.Hex, force: true, noPrune: false, default));
        Assert.Equal(["untag", "untag", "delete"], _events.Select(e => e.Action));
        Assert.Empty(store.List());
    }

    [Fact]
    public async Task Remove_LayerOfAContainer_StaysUntilTheContainerGoes()
    {
        var layers = new OverlayLayerStore(_root, privileged: false, NullLogger.Instance);
        using var store = Open(layers);
        var image = await ImportAsync(store, "busybox");
        var container = ContainerId.New();
        await layers.CreateContainerLayerAsync(container, image.DiffIds, default);

        Assert.DoesNotContain(await store.RemoveAsync("busybox", force: true, noPrune: false, default), d => d.Deleted == image.DiffIds[0].ToString());
        Assert.True(layers.Has(image.DiffIds[0]));
        // Not Remove, which unmounts and so needs root.
        layers.Forget(container);
        Assert.False(layers.Has(image.DiffIds[0]));
    }

    [Fact]
    public async Task Remove_LayersOfAMountedImage_StayUntilTheLastContainerGoesAlsoAfterARestart()
    {
        var layers = new OverlayLayerStore(_root, privileged: false, NullLogger.Instance);
        using var store = Open(layers);
        var below = await ImportAsync(store, "busybox", "one");
        var mounted = await ImportAsync(store, "tools", "two");
        var (lender, borrower) = (ContainerId.New(), ContainerId.New());
        await layers.CreateContainerLayerAsync(lender, new ContainerLayers(below.DiffIds) { Images = [new(mounted.DiffIds)] }, default);
        await layers.CreateContainerLayerAsync(borrower, new ContainerLayers(below.DiffIds) { Images = [new([]) { Of = lender }] }, default);

        await store.RemoveAsync("tools", force: true, noPrune: false, default);
        var later = new OverlayLayerStore(_root, privileged: false, NullLogger.Instance);
        later.Hold(below.DiffIds.ToHashSet());

        Assert.True(later.Has(mounted.DiffIds[0]));
        later.Forget(lender);
        Assert.True(later.Has(mounted.DiffIds[0]));
        later.Forget(borrower);
        Assert.False(later.Has(mounted.DiffIds[0]));
    }

    [Fact]
    public async Task Forget_ContainerOfALaterImage_KeepsTheImagesLayer()
    {
        var layers = new OverlayLayerStore(_root, privileged: false, NullLogger.Instance);
        using var store = Open(layers);
        await ImportAsync(store, "first", "one");
        await store.RemoveAsync("first", force: false, noPrune: false, default);
        var image = await ImportAsync(store, "second", "two");
        var container = ContainerId.New();
        await layers.CreateContainerLayerAsync(container, image.DiffIds, default);

        layers.Forget(container);

        Assert.True(layers.Has(image.DiffIds[0]));
    }

    void IRuntimeEvents.Publish(RuntimeEvent item) => _events.Add(item);

    IAsyncEnumerable<RuntimeEvent> IRuntimeEvents.ReadAsync(DateTimeOffset? since, DateTimeOffset? until, CancellationToken ct) => throw new NotSupportedException();

    IReadOnlyList<ImageUser> IImageUsage.UsersOf(Digest imageId) => _users;

    private static string ImageStoreArchitecture =>
        System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";

    private static string Index(params string[] entries) => $$"""{"schemaVersion":2,"manifests":[{{string.Join(',', entries)}}]}""";

    private static string Entry(byte[] manifest, string architecture) =>
        $$$"""{"mediaType":"{{{ImageDocument.ManifestType}}}","digest":"{{{Digest.Of(manifest)}}}","size":{{{manifest.Length}}},"platform":{"architecture":"{{{architecture}}}","os":"linux"}}""";

    private static MemoryStream Tree(string content) => new TarBuilder().File("file", content).Build();

    private static MemoryStream Gzip(MemoryStream plain)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            plain.CopyTo(gzip);
        }

        packed.Position = 0;
        return packed;
    }

    private static ImageSnapshot Same(ImageSnapshot found, ImageSnapshot expected) => found.Id == expected.Id && found.Tags.SequenceEqual(expected.Tags) ? expected : found;

    private static async Task<byte[]> SaveAsync(ImageStore store, params string[] references)
    {
        var archive = new MemoryStream();
        await store.SaveAsync(references, archive, default);
        return archive.ToArray();
    }

    private static async Task<string> ConflictAsync(ImageStore store, string reference, bool force)
    {
        var error = await Assert.ThrowsAsync<ErrorException>(() => store.RemoveAsync(reference, force, noPrune: false, default));
        Assert.Equal(ErrorKind.Conflict, error.Error.Kind);
        return error.Message;
    }

    private static Task<ImageSnapshot> ImportAsync(ImageStore store, string repository, string content = "content") =>
        store.ImportAsync(Tree(content), repository, null, s_config, "Imported from -", default);

    private ImageStore Open() => Open(new OverlayLayerStore(_root, privileged: false, NullLogger.Instance));

    private ImageStore Open(OverlayLayerStore layers) =>
        new(new RuntimeOptions { DataRoot = _root }, layers, this, () => this, TimeProvider.System, NullLogger<ImageStore>.Instance);
}
