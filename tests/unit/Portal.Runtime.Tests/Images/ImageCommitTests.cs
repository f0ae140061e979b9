using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Primitives;
using Portal.Runtime.Events;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;
using Portal.Runtime.Tests.Tar;

namespace Portal.Runtime.Tests.Images;

public sealed class ImageCommitTests : IDisposable, IRuntimeEvents, IImageUsage
{
    private readonly string _root = Directory.CreateTempSubdirectory("portal-").FullName;
    private readonly List<RuntimeEvent> _events = [];

    public void Dispose() => DirectoryTree.Delete(_root);

    [Fact]
    public async Task Commit_OfALayer_IsAnImageOfTheParentsLayersAndOne()
    {
        using var store = Open();
        var parent = await ImportAsync(store, "base");
        _events.Clear();

        var (id, reference) = await store.CommitAsync(parent.Id, Layer("more"), Like("mine", "2"), default);

        var image = store.Resolve("mine:2");
        Assert.Equal((id, "mine:2", parent.Id), (image.Id, reference, image.Parent));
        Assert.Equal([parent.DiffIds[0], image.DiffIds[1]], image.DiffIds);
        Assert.Equal((4 + 4, "me", "why"), (image.SizeBytes, image.Author, image.Comment));
        Assert.Equal(["run"], image.Config.Command!);
        Assert.Equal((2, "sleep 1", "why", false, 4L), (image.History.Count, image.History[1].CreatedBy, image.History[1].Comment, image.History[1].EmptyLayer, image.History[1].SizeBytes));
        Assert.Equal(("tag", "mine:2"), (Assert.Single(_events).Action, _events[0].Attributes["name"]));
    }

    [Fact]
    public async Task Commit_OfNoChange_AddsAStepWithoutALayer()
    {
        using var store = Open();
        var parent = await ImportAsync(store, "base");

        var (id, reference) = await store.CommitAsync(parent.Id, _ => false, Like(null, null), default);

        var image = store.Resolve(id.ToString());
        Assert.Equal("", reference);
        Assert.Empty(image.Tags);
        Assert.Equal(parent.DiffIds, image.DiffIds);
        Assert.True(image.History[^1].EmptyLayer);
    }

    [Fact]
    public async Task Remove_OfAnImageThatOthersWereCommittedFrom_WaitsForTheLastOfThem()
    {
        using var store = Open();
        var parent = await ImportAsync(store, "base");
        var (child, _) = await store.CommitAsync(parent.Id, Layer("more"), Like("child", null), default);
        var (grandchild, _) = await store.CommitAsync(child, Layer("most"), Like("grandchild", null), default);

        var conflict = await Assert.ThrowsAsync<ErrorException>(() => store.RemoveAsync(child.Hex, force: true, noPrune: false, default));
        Assert.Equal($"conflict: unable to delete {child.Hex[..12]} (cannot be forced) - image has dependent child images", conflict.Message);
        Assert.Equal([new ImageDeletion("child:latest", null)], await store.RemoveAsync("child", force: false, noPrune: false, default));
        var layers = store.Resolve(grandchild.Hex).DiffIds.Count;

        var removed = await store.RemoveAsync("grandchild", force: false, noPrune: false, default);

        // Its parent has no name any more, the parent of that has.
        Assert.Equal([null, grandchild.ToString(), child.ToString()], removed.Select(r => r.Deleted).Where(d => d is null || d == grandchild.ToString() || d == child.ToString()));
        Assert.Equal((1 + layers + 1, parent.Id), (removed.Count, Assert.Single(store.List()).Id));
        Assert.Equal(parent.DiffIds.Count, store.Resolve("base").DiffIds.Count);
    }

    [Fact]
    public async Task Remove_WithoutPruning_KeepsTheParent()
    {
        using var store = Open();
        var parent = await ImportAsync(store, "base");
        var (child, _) = await store.CommitAsync(parent.Id, Layer("more"), Like("child", null), default);
        await store.RemoveAsync("base", force: false, noPrune: false, default);

        await store.RemoveAsync(child.Hex, force: false, noPrune: true, default);

        Assert.Equal(parent.Id, Assert.Single(store.List()).Id);
    }

    [Fact]
    public async Task Commit_AfterRestartAndOnTop_IsStillWhole()
    {
        Digest first;
        using (var before = Open())
        {
            (first, _) = await before.CommitAsync((await ImportAsync(before, "base")).Id, Layer("one!"), Like("one", null), default);
        }

        using var store = Open();
        var (second, _) = await store.CommitAsync(first, Layer("two!"), Like("two", null), default);

        Assert.Equal(first, store.Resolve(second.ToString()).Parent);
        var usage = store.LayerUsage();
        Assert.Equal(12, usage.Total);
        Assert.Equal((8L, 8L), (usage.Shared[first], usage.Shared[second]));
        using var archive = new MemoryStream();
        await store.SaveAsync(["two"], archive, default);
        await store.RemoveAsync("two", force: false, noPrune: false, default);
        Assert.Throws<ErrorException>(() => store.Resolve("two"));
        archive.Position = 0;
        await store.LoadAsync(archive, default);
        Assert.Equal(second, store.Resolve("two").Id);
    }

    [Fact]
    public async Task Commit_ThatFailsHalfWay_LeavesNothing()
    {
        using var store = Open();
        var parent = await ImportAsync(store, "base");
        var before = Files();

        await Assert.ThrowsAsync<IOException>(() => store.CommitAsync(
            parent.Id,
            tar =>
            {
                tar.File("f", "half"u8);
                throw new IOException("the disk is gone");
            },
            Like("mine", null),
            default));

        Assert.Equal(before, Files());
        Assert.Throws<ErrorException>(() => store.Resolve("mine"));
    }

    [Fact]
    public async Task Commit_OnAnImageThatIsGone_Is404()
    {
        using var store = Open();

        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<ErrorException>(() => store.CommitAsync(Digest.Of("none"u8), Layer("x"), Like("mine", null), default))).Error.Kind);
    }

    void IRuntimeEvents.Publish(RuntimeEvent item) => _events.Add(item);

    IAsyncEnumerable<RuntimeEvent> IRuntimeEvents.ReadAsync(DateTimeOffset? since, DateTimeOffset? until, CancellationToken ct) => throw new NotSupportedException();

    IReadOnlyList<ImageUser> IImageUsage.UsersOf(Digest imageId) => [];

    private static Func<TarWriter, bool> Layer(string content) => tar =>
    {
        tar.File("layer", System.Text.Encoding.ASCII.GetBytes(content));
        return true;
    };

    private static ImageCommit Like(string? repository, string? tag) => new(repository, tag, "me", "why", "sleep 1", new() { Command = ["run"] });

    private static Task<ImageSnapshot> ImportAsync(ImageStore store, string repository) =>
        store.ImportAsync(new TarBuilder().File("file", "base").Build(), repository, null, new(), "Imported from -", default);

    private string[] Files() => [.. Directory.GetFileSystemEntries(_root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private ImageStore Open()
    {
        var layers = new OverlayLayerStore(_root, privileged: false, NullLogger.Instance);
        return new(new() { DataRoot = _root }, layers, this, () => this, TimeProvider.System, NullLogger<ImageStore>.Instance);
    }
}
