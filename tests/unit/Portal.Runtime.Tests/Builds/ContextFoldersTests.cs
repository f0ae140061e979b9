using Microsoft.Extensions.Time.Testing;
using Portal.Runtime.Builds.Contexts;

namespace Portal.Runtime.Tests.Builds;

public sealed class ContextFoldersTests : IDisposable
{
    private readonly string _root = Path.Combine(Path.GetTempPath(), $"portal-contexts-{Guid.NewGuid():n}");
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly ContextFolders _folders;

    public ContextFoldersTests() => _folders = new(new() { DataRoot = _root }, _time);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Key_TakenAgain_HasTheSameFolder()
    {
        string first;
        await using (var folder = _folders.Take("key"))
        {
            first = folder.Root;
            File.WriteAllText(Path.Combine(first, "f"), "x");
        }

        await using var again = _folders.Take("key");
        Assert.Equal(first, again.Root);
        Assert.True(File.Exists(Path.Combine(first, "f")));
    }

    [Fact]
    public async Task Key_InUse_HasAFolderOfItsOwnThatDoesNotStay()
    {
        await using var first = _folders.Take("key");
        string second;
        await using (var folder = _folders.Take("key"))
        {
            second = folder.Root;
            Assert.NotEqual(first.Root, second);
        }

        Assert.False(Directory.Exists(second));
        Assert.True(Directory.Exists(first.Root));
    }

    [Fact]
    public async Task NoKey_LeavesNothing()
    {
        await using (_folders.Take(""))
        {
        }

        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_root, "contexts")));
    }

    [Fact]
    public async Task Folders_NotUsedForAWeek_AreDeleted()
    {
        await using (_folders.Take("old"))
        {
        }

        _time.Advance(TimeSpan.FromDays(8));
        await using (_folders.Take("new"))
        {
        }

        _ = Assert.Single(Directory.GetDirectories(Path.Combine(_root, "contexts")));
    }

    [Fact]
    public async Task Folders_TooMany_LoseTheOldest()
    {
        for (var i = 0; i < 30; i++)
        {
            await using (_folders.Take($"key {i}"))
            {
            }

            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(24, Directory.GetDirectories(Path.Combine(_root, "contexts")).Length);
    }

    [Fact]
    public async Task Prune_LeavesWhatIsInUse()
    {
        await using var used = _folders.Take("used");
        await using (var idle = _folders.Take("idle"))
        {
            File.WriteAllText(Path.Combine(idle.Root, "f"), "12345");
        }

        Assert.Equal(5, _folders.Prune());
        Assert.Equal([used.Root], Directory.GetDirectories(Path.Combine(_root, "contexts")));
    }

    [Fact]
    public async Task Leftovers_OfAnEarlierRun_AreDeletedAtTheFirstUse()
    {
        var leftover = Path.Combine(_root, "contexts", "once-x");
        _ = Directory.CreateDirectory(leftover);

        await using var folder = _folders.Take("key");

        Assert.False(Directory.Exists(leftover));
    }
}
