using System.Globalization;
using System.Text.Json;

namespace Portal.Runtime.Supervision;

/// <summary>What conmon says on its sync pipe: the pid of the created container, or -1 and what the OCI runtime printed.</summary>
/// <param name="Pid">Init process on the host; 0 or less on failure.</param>
/// <param name="Message">The runtime's words on failure; empty otherwise.</param>
internal readonly record struct SyncReport(int Pid, string Message)
{
    /// <summary>Reads a report. Anything else than a report is a failure with the text as its message.</summary>
    public static SyncReport Parse(ReadOnlySpan<byte> text)
    {
        var line = text.IndexOf((byte)'\n') is var end and >= 0 ? text[..end] : text;
        try
        {
            using var document = JsonDocument.Parse(line.ToArray());
            var root = document.RootElement;
            var pid = root.TryGetProperty("pid", out var value) && value.TryGetInt32(out var number) ? number : -1;
            return new(pid, root.TryGetProperty("message", out var message) ? message.GetString() ?? "" : "");
        }
        catch (JsonException)
        {
            return new(-1, string.Create(CultureInfo.InvariantCulture, $"the monitor answered {System.Text.Encoding.UTF8.GetString(line)}"));
        }
        catch (InvalidOperationException)
        {
            return new(-1, "the monitor's answer is not an object");
        }
    }
}
