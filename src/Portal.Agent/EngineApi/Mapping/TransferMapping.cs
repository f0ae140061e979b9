using System.Globalization;
using System.Text.Json;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Runtime.Registries;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>Progress of transfers as Docker's clients draw it. Pure.</summary>
internal static class TransferMapping
{
    private const int BarWidth = 50;

    private static readonly string[] s_units = ["B", "kB", "MB", "GB", "TB", "PB"];

    public static ProgressMessage Line(TransferProgress progress)
    {
        if (progress.Id.Length == 0 || progress.Status.StartsWith("Pulling from ", StringComparison.Ordinal))
        {
            return new() { Status = progress.Status, Id = progress.Id.Length == 0 ? null : progress.Id };
        }

        var isBar = progress.Total > 0;
        return new()
        {
            Status = progress.Status,
            Id = progress.Id,
            // Also where it is empty: clients find the line of a layer by it.
            ProgressDetail = isBar ? new() { Current = progress.Current, Total = progress.Total } : new(),
            Progress = isBar ? Bar(progress.Current, progress.Total) : null,
        };
    }

    public static ProgressMessage Line(PushedImage pushed) => new()
    {
        ProgressDetail = new(),
        Aux = JsonSerializer.SerializeToElement(new() { Tag = pushed.Tag, Digest = pushed.Digest.ToString(), Size = pushed.Size }, EngineJson.Default.PushResult),
    };

    /// <summary>A failure once the answer has begun: clients fail by it.</summary>
    public static ProgressMessage Failure(string message) => new() { Error = message, ErrorDetail = new() { Message = message } };

    private static string Bar(long current, long total)
    {
        var filled = (int)Math.Clamp(current * BarWidth / Math.Max(total, 1), 0, BarWidth);
        var bar = $"[{new string('=', filled)}>{new string(' ', BarWidth - filled)}] ";
        return bar + (current > total ? Size(current).PadLeft(8) : $"{Size(current).PadLeft(8)}/{Size(total)}");
    }

    /// <summary>Four digits and a unit of a thousand.</summary>
    private static string Size(long bytes)
    {
        var (value, unit) = ((double)bytes, 0);
        while (value >= 1000 && unit < s_units.Length - 1)
        {
            value /= 1000;
            unit++;
        }

        return value.ToString(value >= 1000 ? "0" : value >= 100 ? "0.#" : value >= 10 ? "0.##" : "0.###", CultureInfo.InvariantCulture) + s_units[unit];
    }
}
