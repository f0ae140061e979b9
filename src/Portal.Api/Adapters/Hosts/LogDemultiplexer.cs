using System.Buffers.Binary;
using System.Text;
using Portal.Domain.Containers;

namespace Portal.Api.Adapters.Hosts;

/// <summary>
/// Turns an engine's log stream, asked for with timestamps, into lines. Framed streams have an eight-byte head (stream, three
/// zeroes, big-endian length) before each message; a terminal's stream is raw. Bytes may arrive cut anywhere. Holds at most one
/// part of a line per stream, whatever lengths the frames claim.
/// </summary>
internal sealed class LogDemultiplexer(bool framed)
{
    /// <summary>Longest text of one <see cref="LogLine"/>, bytes of UTF-8.</summary>
    public const int LongestPart = 16 * 1024;

    private readonly LineAssembler _output = new(isError: false);
    private readonly LineAssembler _errors = new(isError: true);
    private readonly byte[] _head = new byte[8];
    private int _headLength;
    private long _frameLeft;

    /// <summary>Takes the next bytes and adds the lines they complete.</summary>
    public void Append(ReadOnlySpan<byte> bytes, List<LogLine> lines)
    {
        if (!framed)
        {
            _output.Append(bytes, lines);
            return;
        }

        while (!bytes.IsEmpty)
        {
            if (_frameLeft == 0)
            {
                var taken = Math.Min(_head.Length - _headLength, bytes.Length);
                bytes[..taken].CopyTo(_head.AsSpan(_headLength));
                _headLength += taken;
                bytes = bytes[taken..];
                if (_headLength == _head.Length)
                {
                    _headLength = 0;
                    _frameLeft = BinaryPrimitives.ReadUInt32BigEndian(_head.AsSpan(4));
                }

                continue;
            }

            var stream = _head[0] == 2 ? _errors : _output;
            var part = bytes[..(int)Math.Min(_frameLeft, bytes.Length)];
            stream.Append(part, lines);
            bytes = bytes[part.Length..];
            _frameLeft -= part.Length;
            if (_frameLeft == 0)
            {
                // A frame is a message; one without a line's end is a part (or a prompt) and is shown as it is.
                stream.Flush(lines);
            }
        }
    }

    /// <summary>Adds what the stream ended in the middle of.</summary>
    public void Complete(List<LogLine> lines)
    {
        _output.Flush(lines);
        _errors.Flush(lines);
    }

    private sealed class LineAssembler(bool isError)
    {
        /// <summary>Room for a part and the time before it.</summary>
        private readonly byte[] _buffer = new byte[LongestPart + 40];
        private int _length;
        private DateTimeOffset _time;

        public void Append(ReadOnlySpan<byte> bytes, List<LogLine> lines)
        {
            while (!bytes.IsEmpty)
            {
                var end = bytes.IndexOf((byte)'\n');
                var piece = end < 0 ? bytes : bytes[..end];
                while (piece.Length > _buffer.Length - _length)
                {
                    var room = _buffer.Length - _length;
                    piece[..room].CopyTo(_buffer.AsSpan(_length));
                    _length = _buffer.Length;
                    piece = piece[room..];
                    EmitPart(lines);
                }

                piece.CopyTo(_buffer.AsSpan(_length));
                _length += piece.Length;
                if (end < 0)
                {
                    return;
                }

                Emit(lines);
                bytes = bytes[(end + 1)..];
            }
        }

        public void Flush(List<LogLine> lines)
        {
            if (_length > 0)
            {
                Emit(lines);
            }
        }

        private void Emit(List<LogLine> lines)
        {
            while (TextOf(_buffer.AsSpan(0, _length)).Length > LongestPart)
            {
                EmitPart(lines);
            }

            var text = TakeTime(_buffer.AsSpan(0, _length));
            lines.Add(new(_time, isError, Encoding.UTF8.GetString(text is [.., (byte)'\r'] ? text[..^1] : text)));
            _length = 0;
        }

        /// <summary>Gives out one part and keeps the rest, without cutting a character in two.</summary>
        private void EmitPart(List<LogLine> lines)
        {
            var text = TakeTime(_buffer.AsSpan(0, _length));
            var cut = Math.Min(text.Length, LongestPart);
            for (var i = 0; i < 3 && cut > 1 && cut < text.Length && (text[cut] & 0xC0) == 0x80; i++)
            {
                cut--;
            }

            lines.Add(new(_time, isError, Encoding.UTF8.GetString(text[..cut])));
            var rest = text[cut..];
            rest.CopyTo(_buffer);
            _length = rest.Length;
        }

        private ReadOnlySpan<byte> TakeTime(ReadOnlySpan<byte> line)
        {
            var text = TextOf(line);
            if (text.Length < line.Length)
            {
                _ = EngineTime.TryParse(line[..(line.Length - text.Length - 1)], out _time);
            }

            return text;
        }

        /// <summary>The line without the time and the blank before it.</summary>
        private static ReadOnlySpan<byte> TextOf(ReadOnlySpan<byte> line)
        {
            var blank = line[..Math.Min(line.Length, 40)].IndexOf((byte)' ');
            return blank > 0 && EngineTime.TryParse(line[..blank], out _) ? line[(blank + 1)..] : line;
        }
    }
}
