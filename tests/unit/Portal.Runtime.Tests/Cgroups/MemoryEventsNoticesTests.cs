using System.Threading.Channels;
using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Tests.Cgroups;

public sealed class MemoryEventsNoticesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("events").FullName;
    private readonly Channel<string> _seen = Channel.CreateUnbounded<string>();

    public MemoryEventsNoticesTests() => File.WriteAllText(_folder + "/memory.events", "oom_kill 0\n");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Watch_TellsOfEveryChange()
    {
        using var watch = new MemoryEventsNotices().Watch(_folder, Changed);

        for (var kills = 1; kills <= 3; kills++)
        {
            await File.WriteAllTextAsync(_folder + "/memory.events", $"oom_kill {kills}\n");
            while (await NextAsync() != $"oom_kill {kills}\n")
            {
                // One write is several changes.
            }
        }
    }

    [Fact]
    public void Watch_OfACgroupThatIsGone_IsNone() => Assert.Null(new MemoryEventsNotices().Watch(_folder + "/gone", Changed));

    private void Changed() => _seen.Writer.TryWrite(File.ReadAllText(_folder + "/memory.events"));

    private Task<string> NextAsync() => _seen.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
}
