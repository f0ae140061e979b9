using System.Buffers;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;

namespace Portal.Agent.EngineApi.Streams;

/// <summary>The keys that end an attach and leave the container running, for instance <c>ctrl-p,ctrl-q</c>.</summary>
internal sealed class DetachKeys
{
    private readonly byte[] _keys;

    private DetachKeys(byte[] keys) => _keys = keys;

    /// <summary>What holds when a request says nothing.</summary>
    public static DetachKeys Default { get; } = new([0x10, 0x11]);

    public ReadOnlySpan<byte> Bytes => _keys;

    /// <summary>Reads a list of single characters and <c>ctrl-</c> forms; null or empty is the default.</summary>
    public static DetachKeys Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return Default;
        }

        var parts = text.Split(',');
        var keys = new byte[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            keys[i] = parts[i] switch
            {
                [var single] when single < 128 => (byte)single,
                ['c', 't', 'r', 'l', '-', var key] => key switch
                {
                    >= 'a' and <= 'z' => (byte)(key - 'a' + 1),
                    '@' => 0,
                    '[' => 27,
                    '\\' => 28,
                    ']' => 29,
                    '^' => 30,
                    '_' => 31,
                    _ => throw Unknown(text),
                },
                _ => throw Unknown(text),
            };
        }

        return new(keys);
    }

    private static ErrorException Unknown(string text) => EngineErrors.Invalid("attach.detach_keys", $"Invalid detach keys ({text}) provided");
}

/// <summary>
/// Looks for detach keys in a terminal's input. Keys that may be the beginning of the sequence are held back until the
/// next one decides.
/// </summary>
internal sealed class DetachKeyScanner(DetachKeys keys)
{
    private int _held;

    /// <summary>Passes input on to <paramref name="output"/>. True when the sequence is complete; what follows it is dropped.</summary>
    public bool Scan(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        var sequence = keys.Bytes;
        foreach (var key in input)
        {
            while (_held > 0 && key != sequence[_held])
            {
                // Not the sequence after all. Its longest end that is a beginning too stays held.
                var keep = Overlap(sequence[.._held]);
                output.Write(sequence[..(_held - keep)]);
                _held = keep;
            }

            if (key != sequence[_held])
            {
                output.Write([key]);
            }
            else if (++_held == sequence.Length)
            {
                _held = 0;
                return true;
            }
        }

        return false;
    }

    private static int Overlap(ReadOnlySpan<byte> held)
    {
        for (var length = held.Length - 1; length > 0; length--)
        {
            if (held[^length..].SequenceEqual(held[..length]))
            {
                return length;
            }
        }

        return 0;
    }
}
