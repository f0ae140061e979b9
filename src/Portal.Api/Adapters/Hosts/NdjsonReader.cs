using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Portal.Api.Adapters.Hosts;

/// <summary>Reads newline-separated JSON as it comes.</summary>
internal static class NdjsonReader
{
    /// <summary>A line may be this long: the statistics of some 10,000 containers.</summary>
    private const int LongestLine = 8 * 1024 * 1024;

    /// <summary>Every object of the stream, which is disposed at the end. A line too long or no JSON is a <see cref="JsonException"/>.</summary>
    public static async IAsyncEnumerable<T> ReadAsync<T>(Stream stream, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken ct)
    {
        var reader = PipeReader.Create(stream);
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(ct);
                var buffer = read.Buffer;
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    var line = buffer.Slice(0, end);
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                    if (!IsBlank(line))
                    {
                        yield return Parse(line, type);
                    }
                }

                if (buffer.Length > LongestLine)
                {
                    throw new JsonException("line too long");
                }

                reader.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                {
                    if (!IsBlank(buffer))
                    {
                        yield return Parse(buffer, type);
                    }

                    yield break;
                }
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private static T Parse<T>(ReadOnlySequence<byte> line, JsonTypeInfo<T> type)
    {
        var reader = new Utf8JsonReader(line);
        return JsonSerializer.Deserialize(ref reader, type) ?? throw new JsonException("null");
    }

    private static bool IsBlank(ReadOnlySequence<byte> line)
    {
        foreach (var part in line)
        {
            if (part.Span.ContainsAnyExcept(" \t\r"u8))
            {
                return false;
            }
        }

        return true;
    }
}
