using System.Threading.Channels;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Tests.Linux;

public sealed class FileNoticesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("notices").FullName;
    private readonly FileNotices _notices = new();
    private readonly Channel<string> _seen = Channel.CreateUnbounded<string>();

    public void Dispose()
    {
        _notices.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task Watch_OfTwoFiles_TellsWhichChanged()
    {
        using var one = Watch("one");
        using var two = Watch("two");

        await File.AppendAllTextAsync(_root + "/two", "x");

        Assert.Equal("two", await NextAsync());
    }

    [Fact]
    public async Task Watch_Ended_TellsNothingMore()
    {
        var one = Watch("one");
        using var two = Watch("two");

        one.Dispose();
        await File.AppendAllTextAsync(_root + "/one", "x");
        await File.AppendAllTextAsync(_root + "/two", "x");

        Assert.Equal("two", await NextAsync());
        Assert.False(_seen.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Watch_OfAFileThatGoes_CanStillBeEnded()
    {
        var one = Watch("one");
        using var two = Watch("two");
        File.Delete(_root + "/one");
        await File.AppendAllTextAsync(_root + "/two", "x");
        Assert.Equal("two", await NextAsync());

        one.Dispose();

        await File.AppendAllTextAsync(_root + "/two", "y");
        Assert.Equal("two", await NextAsync());
    }

    [Fact]
    public void Watch_OfNoFile_Fails() => Assert.Throws<LinuxException>(() => _notices.Watch(_root + "/missing", () => { }));

    private IDisposable Watch(string name)
    {
        File.WriteAllText($"{_root}/{name}", "");
        return _notices.Watch($"{_root}/{name}", () => _seen.Writer.TryWrite(name));
    }

    private async Task<string> NextAsync() => await _seen.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
}
