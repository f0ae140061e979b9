using System.Text.Json;

namespace Portal.Agent.BuildKit.Solving;

/// <summary>A line of a Dockerfile as BuildKit's clients mark it (<c>ranges</c> of pb.Location and errdefs.Source).</summary>
internal static class SourceRanges
{
    public static void Write(Utf8JsonWriter json, int line)
    {
        json.WriteStartArray("ranges");
        json.WriteStartObject();
        foreach (var end in (ReadOnlySpan<string>)["start", "end"])
        {
            json.WriteStartObject(end);
            json.WriteNumber("line", line);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndArray();
    }
}
