using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;

namespace Portal.Agent.EngineApi.Streams;

/// <summary>
/// A build as Docker's classic builder tells it: step after step, though stages are built at the same time. What a step has to say before
/// its turn waits.
/// </summary>
/// <param name="quiet">Says nothing.</param>
internal sealed class BuildText(bool quiet) : IBuildProgress
{
    // Lines that the client has not taken: beyond it the build waits for the client.
    private const int MaximumWaiting = 4096;

    private readonly Channel<ProgressMessage> _lines = Channel.CreateBounded<ProgressMessage>(new BoundedChannelOptions(MaximumWaiting) { SingleReader = true });
    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, Page> _pages = [];
    private int _turn = 1;
    private bool _finished;

    public ChannelReader<ProgressMessage> Lines => _lines.Reader;

    /// <summary>The line that ends a build that failed.</summary>
    public static ProgressMessage Failure(ErrorException e, string dockerfile)
    {
        var failure = e as BuildFailure;
        var message = failure is { Line: > 0 } && !e.Message.Contains("on line ", StringComparison.Ordinal) ? string.Create(CultureInfo.InvariantCulture, $"{e.Message} ({dockerfile}:{failure.Line})") : e.Message;
        return new() { Error = message, ErrorDetail = new() { Code = failure is { ExitCode: > 0 } ? failure.ExitCode : null, Message = message } };
    }

    public void Planned(IReadOnlyList<BuildStep> steps)
    {
    }

    public void Started(BuildStep step) => Say(step, $"Step {step.Number}/{step.Count} : {step.Instruction}\n");

    public void Running(BuildStep step, string container) => Say(step, $" ---> Running in {container}\n");

    public void Output(BuildStep step, int stream, ReadOnlySpan<byte> content)
    {
        if (step.Number == 0)
        {
            return;
        }

        lock (_gate)
        {
            var text = PageOf(step).Decode(stream, content);
            if (text.Length > 0)
            {
                Add(step, stream == 2 ? $"\u001b[91m{text}\u001b[0m" : text);
            }
        }
    }

    public void Moved(BuildStep step, string item, long current, long total, bool done)
    {
    }

    public void Completed(BuildStep step, BuildStepEnd end)
    {
        if (step.Number == 0)
        {
            return;
        }

        lock (_gate)
        {
            if (end.Error is null)
            {
                Add(step, (end.Cached ? " ---> Using cache\n" : "") + (end.Container.Length > 0 ? $"Removing intermediate container {end.Container}\n" : "") + $" ---> {end.ImageId}\n");
            }

            PageOf(step).IsComplete = true;
            while (_pages.TryGetValue(_turn, out var page) && page.IsComplete)
            {
                _pages.Remove(_turn++);
                if (_pages.TryGetValue(_turn, out var next))
                {
                    Flush(next);
                }
            }
        }
    }

    /// <summary>Nobody takes the lines any more.</summary>
    public void Abandon() => _lines.Writer.TryComplete();

    /// <summary>Says what is left, in order. Nothing more comes.</summary>
    public void Finish()
    {
        lock (_gate)
        {
            foreach (var page in _pages.Values)
            {
                Flush(page);
            }

            _finished = true;
            _lines.Writer.TryComplete();
        }
    }

    private void Say(BuildStep step, string text)
    {
        if (step.Number > 0)
        {
            lock (_gate)
            {
                Add(step, text);
            }
        }
    }

    private void Add(BuildStep step, string text)
    {
        var page = PageOf(step);
        page.Lines.Enqueue(text);
        if (step.Number == _turn)
        {
            Flush(page);
        }
    }

    private void Flush(Page page)
    {
        while (page.Lines.TryDequeue(out var text))
        {
            var line = new ProgressMessage { Stream = text };
            if (!quiet && !_finished && !_lines.Writer.TryWrite(line))
            {
                // A client that does not read holds its own build back.
                try
                {
                    _lines.Writer.WriteAsync(line).AsTask().GetAwaiter().GetResult();
                }
                catch (ChannelClosedException)
                {
                    return;
                }
            }
        }
    }

    private Page PageOf(BuildStep step)
    {
        if (!_pages.TryGetValue(step.Number, out var page))
        {
            _pages[step.Number] = page = new();
        }

        return page;
    }

    /// <summary>What one step has to say.</summary>
    private sealed class Page
    {
        private readonly Decoder _out = Encoding.UTF8.GetDecoder();
        private readonly Decoder _error = Encoding.UTF8.GetDecoder();

        public Queue<string> Lines { get; } = new();

        public bool IsComplete { get; set; }

        /// <summary>A character may come in two pieces.</summary>
        public string Decode(int stream, ReadOnlySpan<byte> content)
        {
            var decoder = stream == 2 ? _error : _out;
            var characters = new char[decoder.GetCharCount(content, flush: false)];
            return new(characters, 0, decoder.GetChars(content, characters, flush: false));
        }
    }
}
