using Portal.Runtime.Linux;

namespace Portal.Runtime.Tests.Linux;

public sealed class FileNoticesTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("notices").FullName;

    private string Path => _folder + "/file";

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TryWatch_NoFile_IsNull() => Assert.Null(FileNotices.Shared.TryWatch(Path));

    [Fact]
    public async Task Watch_WrittenRenamedOrRemoved_Completes()
    {
        foreach (var change in (Action[])[() => File.AppendAllText(Path, "x"), () => File.Move(Path, Path + "2"), () => File.Delete(Path)])
        {
            File.WriteAllText(Path, "");
            using var watch = FileNotices.Shared.TryWatch(Path)!;
            Assert.False(watch.Changed.IsCompleted);

            change();

            await watch.Changed.WaitAsync(s_patience);
        }
    }

    [Fact]
    public async Task Watch_OfOneFileByMany_TellsAllThatAreStillThere()
    {
        File.WriteAllText(Path, "");
        using var first = FileNotices.Shared.TryWatch(Path)!;
        using var second = FileNotices.Shared.TryWatch(Path)!;
        var left = FileNotices.Shared.TryWatch(Path)!;
        left.Dispose();

        File.AppendAllText(Path, "x");

        await first.Changed.WaitAsync(s_patience);
        await second.Changed.WaitAsync(s_patience);
        Assert.False(left.Changed.IsCompleted);
    }

    [Fact]
    public async Task Watch_AfterOneThatWasGivenUp_Works()
    {
        File.WriteAllText(Path, "");
        for (var i = 0; i < 100; i++)
        {
            FileNotices.Shared.TryWatch(Path)!.Dispose();
            using var watch = FileNotices.Shared.TryWatch(Path)!;
            File.AppendAllText(Path, "x");
            await watch.Changed.WaitAsync(s_patience);
        }
    }
}
