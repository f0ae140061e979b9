using System.Text;
using Portal.Runtime.Logs;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Logs;

public sealed class LogPartsTests
{
    private readonly LogParts _parts = new();

    [Fact]
    public void TryJoin_WholeLine_PassesUncopied()
    {
        var line = Piece(1, StdioStream.Stdout, "hello\n");

        Assert.True(_parts.TryJoin(line, out var joined));
        Assert.Equal(line, joined);
    }

    [Fact]
    public void TryJoin_PartsOfTwoStreams_GiveOneLineEachWithTheTimeOfTheFirstPart()
    {
        Assert.False(_parts.TryJoin(Piece(1, StdioStream.Stdout, "out "), out _));
        Assert.False(_parts.TryJoin(Piece(2, StdioStream.Stderr, "err "), out _));
        Assert.True(_parts.TryJoin(Piece(3, StdioStream.Stdout, "end\n"), out var stdout));
        Assert.True(_parts.TryJoin(Piece(4, StdioStream.Stderr, "end\n"), out var stderr));

        Assert.Equal((Time(1), "out end\n"), (stdout.Time, Text(stdout)));
        Assert.Equal((Time(2), "err end\n"), (stderr.Time, Text(stderr)));
    }

    [Fact]
    public void TryJoin_LineWithoutEnd_IsHandedOnInBoundedPiecesWithoutLoss()
    {
        var part = new string('x', 8192);
        var total = 0;
        for (var i = 0; i < 100; i++)
        {
            if (_parts.TryJoin(Piece(i, StdioStream.Stdout, part), out var piece))
            {
                Assert.InRange(piece.Data.Length, LogParts.Limit, LogParts.Limit + part.Length);
                total += piece.Data.Length;
            }
        }

        Assert.Equal(100 * part.Length, total + _parts.TakeRest().Sum(rest => rest.Data.Length));
    }

    [Fact]
    public void TakeRest_PromptWithoutEnd_IsNotLost()
    {
        _parts.TryJoin(Piece(1, StdioStream.Stdout, "Password: "), out _);

        Assert.Equal("Password: ", Text(Assert.Single(_parts.TakeRest())));
        Assert.Empty(_parts.TakeRest());
    }

    private static LogEntry Piece(int second, StdioStream stream, string text) => new(Time(second), stream, Encoding.UTF8.GetBytes(text));

    private static DateTimeOffset Time(int second) => DateTimeOffset.UnixEpoch.AddSeconds(second);

    private static string Text(LogEntry entry) => Encoding.UTF8.GetString(entry.Data.Span);
}
