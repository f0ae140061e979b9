using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Portal.Agent.BuildKit.Wire;
using Portal.Runtime.Builds;

namespace Portal.Agent.BuildKit.Solving;

/// <summary>
/// How a build goes, as clients of BuildKit draw it. Kept from the start, as a client may ask for it after the build has begun, or twice.
/// Called from several threads.
/// </summary>
internal sealed class StatusJournal(TimeProvider time) : IBuildProgress
{
    /// <summary>Most bytes of output that are kept for readers who have not come yet. What is over is left out, with a line that says so.</summary>
    internal const int MaximumOutput = 16 << 20;

    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly List<StatusResponse> _entries = [];
    private readonly Dictionary<string, Vertex> _vertexes = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, string), (VertexStatus Status, DateTimeOffset Told)> _statuses = [];
    private readonly Dictionary<string, IReadOnlyList<string>> _hidden = new(StringComparer.Ordinal);
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _output;
    private bool _ended;

    /// <summary>Digests are how clients name steps. That of a step is the same for every build that has it.</summary>
    public static string DigestOf(string id) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)));

    public void Planned(IReadOnlyList<BuildStep> steps)
    {
        var entry = new StatusResponse();
        lock (_lock)
        {
            foreach (var step in steps)
            {
                if (step.IsConfiguration)
                {
                    // Whoever needs it needs what it stands on.
                    _hidden[step.Id] = Seen(step.Inputs);
                }
                else
                {
                    entry.Vertexes.Add(VertexOf(step).Clone());
                }
            }

            Append(entry);
        }
    }

    public void Started(BuildStep step)
    {
        if (!step.IsConfiguration)
        {
            Tell(step, vertex =>
            {
                vertex.Started = Now();
                vertex.Completed = null;
                vertex.Error = "";
            });
        }
    }

    public void Output(BuildStep step, int stream, ReadOnlySpan<byte> content)
    {
        lock (_lock)
        {
            var vertex = VertexOf(step);
            var room = (int)Math.Clamp(MaximumOutput - _output, 0, content.Length);
            if (room < content.Length)
            {
                if (_output < long.MaxValue / 2)
                {
                    Append(new() { Logs = { new VertexLog { Vertex = vertex.Digest, Stream = 2, Timestamp = Now(), Msg = ByteString.CopyFromUtf8($"[output clipped, log limit {MaximumOutput >> 20}MiB reached]\n") } } });
                }

                _output = long.MaxValue / 2;
                return;
            }

            _output += content.Length;
            Append(new() { Logs = { new VertexLog { Vertex = vertex.Digest, Stream = stream, Timestamp = Now(), Msg = ByteString.CopyFrom(content) } } });
        }
    }

    public void Moved(BuildStep step, string item, long current, long total, bool done)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var vertex = VertexOf(step);
            var known = _statuses.TryGetValue((vertex.Digest, item), out var status);
            if (known && !done && now - status.Told < s_pace)
            {
                return;
            }

            var told = known ? status.Status.Clone() : new VertexStatus { Id = item, Vertex = vertex.Digest, Started = Timestamp.FromDateTimeOffset(now) };
            (told.Current, told.Total, told.Timestamp) = (current, total, Timestamp.FromDateTimeOffset(now));
            if (done)
            {
                told.Completed = told.Timestamp;
            }

            _statuses[(vertex.Digest, item)] = (told, now);
            Append(new() { Statuses = { told } });
        }
    }

    public void Completed(BuildStep step, BuildStepEnd end)
    {
        if (step.IsConfiguration && end.Error is null)
        {
            return;
        }

        Tell(step, vertex =>
        {
            vertex.Started ??= Now();
            vertex.Completed = Now();
            vertex.Cached = end.Cached;
            vertex.Error = end.Failure is { } failure ? FailureWords.Of(failure) : end.Error ?? "";
        });
    }

    /// <summary>Adds a doubtful thing.</summary>
    public void Warn(BuildStep? step, VertexWarning warning)
    {
        lock (_lock)
        {
            warning.Vertex = step is null ? _vertexes.Values.FirstOrDefault()?.Digest ?? DigestOf("") : VertexOf(step).Digest;
            Append(new() { Warnings = { warning } });
        }
    }

    /// <summary>The build is over: readers have all of it once they have read what is there. What was not done is shown as such.</summary>
    public void End(string? error)
    {
        lock (_lock)
        {
            if (_ended)
            {
                return;
            }

            var entry = new StatusResponse();
            foreach (var vertex in _vertexes.Values.Where(v => v is { Started: not null, Completed: null }))
            {
                vertex.Completed = Now();
                vertex.Error = error ?? "";
                entry.Vertexes.Add(vertex.Clone());
            }

            if (entry.Vertexes.Count > 0)
            {
                Append(entry);
            }

            _ended = true;
            _more.TrySetResult();
        }
    }

    /// <summary>All of it from the start, then what comes, to the end of the build.</summary>
    public async IAsyncEnumerable<StatusResponse> ReadAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        for (var next = 0; ;)
        {
            StatusResponse[] ready;
            Task more;
            bool ended;
            lock (_lock)
            {
                ready = [.. _entries.Skip(next).Take(64)];
                (more, ended) = (_more.Task, _ended);
            }

            if (ready.Length == 0)
            {
                if (ended)
                {
                    yield break;
                }

                await more.WaitAsync(ct);
                continue;
            }

            next += ready.Length;
            yield return Merge(ready);
        }
    }

    private static StatusResponse Merge(StatusResponse[] entries)
    {
        var all = new StatusResponse();
        foreach (var entry in entries)
        {
            all.Vertexes.AddRange(entry.Vertexes);
            all.Statuses.AddRange(entry.Statuses);
            all.Logs.AddRange(entry.Logs);
            all.Warnings.AddRange(entry.Warnings);
        }

        return all;
    }

    private Timestamp Now() => Timestamp.FromDateTimeOffset(time.GetUtcNow());

    private void Tell(BuildStep step, Action<Vertex> change)
    {
        lock (_lock)
        {
            var vertex = VertexOf(step);
            change(vertex);
            Append(new() { Vertexes = { vertex.Clone() } });
        }
    }

    private IReadOnlyList<string> Seen(IReadOnlyList<string> inputs) =>
        [.. inputs.SelectMany(input => _hidden.TryGetValue(input, out var below) ? below : [input]).Distinct(StringComparer.Ordinal)];

    private Vertex VertexOf(BuildStep step)
    {
        if (!_vertexes.TryGetValue(step.Id, out var vertex))
        {
            _vertexes[step.Id] = vertex = new() { Digest = DigestOf(step.Id), Name = step.Name };
            vertex.Inputs.AddRange(Seen(step.Inputs).Select(DigestOf));
        }

        return vertex;
    }

    private void Append(StatusResponse entry)
    {
        if (_ended)
        {
            return;
        }

        _entries.Add(entry);
        _more.TrySetResult();
        _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
