using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Portal.Agent.EngineApi.Streams;

/// <summary>An answer of one JSON value per line, each flushed as it is written.</summary>
internal sealed class JsonLines(PipeWriter output) : IDisposable
{
    private readonly Utf8JsonWriter _json = new(output);

    public async ValueTask WriteAsync<T>(T value, JsonTypeInfo<T> type, CancellationToken ct)
    {
        _json.Reset(output);
        JsonSerializer.Serialize(_json, value, type);
        var end = output.GetSpan(2);
        "\r\n"u8.CopyTo(end);
        output.Advance(2);
        await FlushAsync(ct);
    }

    public async ValueTask FlushAsync(CancellationToken ct)
    {
        if ((await output.FlushAsync(ct)).IsCompleted)
        {
            throw new ClientGoneException();
        }
    }

    public void Dispose() => _json.Dispose();
}
