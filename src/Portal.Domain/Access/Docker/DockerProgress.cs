using System.Text.Json;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;

namespace Portal.Domain.Access.Docker;

/// <summary>
/// What came of a pull or a build, from the lines that tell of it: the status is sent before the work is done. Who could not have an image from its
/// registry must not get it because the host has it.
/// </summary>
public sealed class DockerProgress
{
    private const int LongestLine = 256 * 1024;

    private readonly List<byte> _line = [];
    private bool _failed;

    /// <summary>True when no line told of a failure, and none was left out.</summary>
    public bool Succeeded => !_failed;

    /// <summary>The image that was built; null where no line names one.</summary>
    public string? Image { get; private set; }

    /// <summary>Takes in bytes as they pass.</summary>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var end = bytes.IndexOf((byte)'\n');
            var part = end < 0 ? bytes : bytes[..end];
            if (_line.Count + part.Length > LongestLine)
            {
                _failed = true;
                return;
            }

            _line.AddRange(part);
            if (end < 0)
            {
                return;
            }

            End();
            bytes = bytes[(end + 1)..];
        }
    }

    /// <summary>Takes in a line.</summary>
    public void Take(ProgressMessage line)
    {
        if (line.Error is not null || line.ErrorDetail is not null)
        {
            _failed = true;
        }
        else if (line.Aux is { ValueKind: JsonValueKind.Object } aux && aux.TryGetProperty("ID", out var id) && id.ValueKind == JsonValueKind.String)
        {
            Image = id.GetString();
        }
    }

    /// <summary>The lines have ended.</summary>
    public void End()
    {
        try
        {
            if (_line.Count > 0)
            {
                Take(JsonSerializer.Deserialize(_line.ToArray(), EngineBody.Strict.ProgressMessage) ?? throw new JsonException("null"));
            }
        }
        catch (JsonException)
        {
            _failed = true;
        }

        _line.Clear();
    }
}
