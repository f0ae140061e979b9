using System.Buffers.Text;

namespace Portal.Runtime.Cgroups;

/// <summary>The three files of pressure stall information, of a cgroup or of the host.</summary>
internal sealed class PressureFiles(string cpu, string memory, string io) : IDisposable
{
    private const ulong NanosecondsPerMicrosecond = 1000;

    private readonly CounterFile _cpu = new(cpu);
    private readonly CounterFile _memory = new(memory);
    private readonly CounterFile _io = new(io);

    /// <summary>Null where the kernel does not count it.</summary>
    public PressureSample? Read(Span<byte> buffer)
    {
        var text = _cpu.ReadOptional(buffer);
        return text.IsEmpty ? null : new(Parse(text), Parse(_memory.ReadOptional(buffer)), Parse(_io.ReadOptional(buffer)));
    }

    public void Release()
    {
        _cpu.Release();
        _memory.Release();
        _io.Release();
    }

    public void Dispose() => Release();

    /// <summary>Reads <c>some avg10=0.00 avg60=0.00 avg300=0.00 total=1</c> and <c>full …</c>.</summary>
    internal static Stall Parse(ReadOnlySpan<byte> text) => new(Total(text, "some "u8), Total(text, "full "u8));

    private static ulong Total(ReadOnlySpan<byte> text, ReadOnlySpan<byte> kind)
    {
        var start = text.IndexOf(kind);
        if (start < 0)
        {
            return 0;
        }

        var line = text[start..];
        var total = line.IndexOf("total="u8);
        return total >= 0 && Utf8Parser.TryParse(line[(total + "total="u8.Length)..], out ulong microseconds, out _) ? microseconds * NanosecondsPerMicrosecond : 0;
    }
}
