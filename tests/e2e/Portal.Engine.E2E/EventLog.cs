using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>The events of a test, recorded from the moment it is open. Lines are <c>action name</c>, with the exit code or signal where there is one.</summary>
internal sealed class EventLog : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly List<JsonElement> _events = [];
    private readonly HttpResponseMessage _answer;
    private readonly Task _reading;

    private EventLog(HttpResponseMessage answer)
    {
        _answer = answer;
        _reading = ReadAsync();
    }

    /// <summary>Subscribes; the answer's head says that it is done.</summary>
    public static async Task<EventLog> OpenAsync(HttpClient http, string query = "") => new(await http.GetAsync("/v1.51/events" + query, HttpCompletionOption.ResponseHeadersRead));

    public IReadOnlyList<JsonElement> All
    {
        get
        {
            lock (_events)
            {
                return [.. _events];
            }
        }
    }

    /// <summary>What happened to one container.</summary>
    public string[] Of(string container) =>
    [
        .. from item in All
           let attributes = item.GetProperty("Actor").GetProperty("Attributes")
           where item.GetProperty("Type").GetString() == "container" && attributes.TryGetProperty("name", out var name) && name.GetString() == container
           let detail = attributes.TryGetProperty("exitCode", out var code) ? code.GetString() : attributes.TryGetProperty("signal", out var signal) ? signal.GetString() : null
           select item.GetProperty("Action").GetString() + (detail is null ? "" : " " + detail),
    ];

    public Task UntilAsync(string container, string line) => Patience.UntilAsync($"{container}: {line}, of {string.Join(", ", Of(container))}", () => Of(container).Contains(line));

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _reading;
        _answer.Dispose();
        _ending.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            using var reader = new StreamReader(await _answer.Content.ReadAsStreamAsync(_ending.Token));
            while (await reader.ReadLineAsync(_ending.Token) is { } line)
            {
                using var document = JsonDocument.Parse(line);
                lock (_events)
                {
                    _events.Add(document.RootElement.Clone());
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The test is over, or the agent was killed.
        }
    }
}
