using System.Buffers;
using System.Buffers.Binary;
using Portal.Runtime.Supervision;

namespace Portal.Agent.EngineApi.Streams;

/// <summary>The frames that carry stdout and stderr in one stream: stream number, three zeroes, length big-endian, bytes.</summary>
internal static class StdioFrames
{
    public const int HeaderLength = 8;

    /// <summary>Writes a frame, or the bare bytes when <paramref name="framed"/> is false (terminals).</summary>
    public static void Write(IBufferWriter<byte> output, StdioStream stream, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> data, bool framed)
    {
        var length = prefix.Length + data.Length;
        var total = framed ? HeaderLength + length : length;
        var span = output.GetSpan(total);
        if (framed)
        {
            span[0] = (byte)stream;
            span[1..4].Clear();
            BinaryPrimitives.WriteUInt32BigEndian(span[4..], (uint)length);
            span = span[HeaderLength..];
        }

        prefix.CopyTo(span);
        data.CopyTo(span[prefix.Length..]);
        output.Advance(total);
    }
}
