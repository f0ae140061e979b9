using System.Globalization;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Portal.Agent.BuildKit.Rpc;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;

namespace Portal.Agent.BuildKit.Solving;

/// <summary>Failures of builds in BuildKit's words, and with the place in the Dockerfile in the way that its clients know how to show.</summary>
internal static class FailureWords
{
    private const string Details = "grpc-status-details-bin";
    private const string SourceType = "github.com/moby/buildkit/errdefs.Source+json";

    /// <summary>What a client says of it.</summary>
    public static string Of(ErrorException e) => e is BuildFailure { ExitCode: not 0 } failure
        ? string.Create(CultureInfo.InvariantCulture, $"process \"{failure.Command}\" did not complete successfully: exit code: {failure.ExitCode}")
        : e.Message;

    /// <summary>A failure as a status with details.</summary>
    public static RpcException Located(BuildFailure e, string dockerfile)
    {
        var status = new Wire.Gateway.Status { Code = (int)ErrorWords.Of(e).StatusCode, Message = Of(e) };
        if (e is { Line: > 0, Dockerfile: { } text })
        {
            status.Details.Add(new Any { TypeUrl = SourceType, Value = ByteString.CopyFrom(Source(dockerfile, text, e.Line)) });
        }

        return Passed(status);
    }

    /// <summary>A failure for clients that show words alone: with its place in the Dockerfile, where the words do not name it.</summary>
    public static string Placed(RpcException e)
    {
        var words = e.Status.Detail;
        if (words.Contains("on line ", StringComparison.Ordinal) || e.Trailers.GetValueBytes(Details) is not { } bytes
            || Wire.Gateway.Status.Parser.ParseFrom(bytes).Details.FirstOrDefault(detail => detail.TypeUrl == SourceType) is not { } source)
        {
            return words;
        }

        using var json = JsonDocument.Parse(source.Value.Memory);
        var (file, line) = (json.RootElement.GetProperty("info").GetProperty("filename").GetString(), json.RootElement.GetProperty("ranges")[0].GetProperty("start").GetProperty("line").GetInt32());
        return string.Create(CultureInfo.InvariantCulture, $"{words} ({file}:{line})");
    }

    /// <summary>A failure with all that somebody has said of it.</summary>
    public static RpcException Passed(Wire.Gateway.Status failure) => new(new((StatusCode)failure.Code, failure.Message), new Metadata { { Details, failure.ToByteArray() } });

    internal static byte[] Source(string dockerfile, string text, int line)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("info");
            json.WriteString("filename", dockerfile);
            json.WriteBase64String("data", Encoding.UTF8.GetBytes(text));
            json.WriteString("language", "Dockerfile");
            json.WriteEndObject();
            SourceRanges.Write(json, line);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
