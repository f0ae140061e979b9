using Portal.Domain.Primitives;

namespace Portal.Runtime.Registries;

/// <summary>Tells a client how a transfer goes, in Docker's words, and no more often than anybody can see.</summary>
internal sealed class TransferReport(IProgress<TransferProgress> progress, TimeProvider time)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (string Status, long Told)> _lines = [];

    /// <summary>A line about the whole.</summary>
    public void Say(string status, string id = "") => progress.Report(new(id, status));

    /// <summary>A new state of a layer.</summary>
    public void Layer(string id, string status)
    {
        lock (_gate)
        {
            _lines[id] = (status, 0);
            progress.Report(new(id, status));
        }
    }

    /// <summary>How far a layer is.</summary>
    public void Layer(string id, string status, long current, long total)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (_lines.TryGetValue(id, out var last) && last.Status == status && current < total && last.Told != 0 && time.GetElapsedTime(last.Told, now) < s_pause)
            {
                return;
            }

            _lines[id] = (status, now);
            progress.Report(new(id, status, current, total));
        }
    }

    /// <summary>What is said of a layer that is tried again.</summary>
    public static string Retrying(long seconds) => seconds == 1 ? "Retrying in 1 second" : $"Retrying in {seconds} seconds";

    /// <summary>What a layer is called in these lines.</summary>
    public static string Short(Digest digest) => digest.Hex[..12];
}
