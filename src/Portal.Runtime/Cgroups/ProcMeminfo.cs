namespace Portal.Runtime.Cgroups;

/// <summary>Memory of the whole host (proc_meminfo(5)), bytes.</summary>
internal readonly record struct ProcMeminfo(ulong Total, ulong Available)
{
    public static ProcMeminfo Parse(ReadOnlySpan<byte> text) =>
        new(FlatKeyedFile.Find(text, "MemTotal:"u8) * 1024, FlatKeyedFile.Find(text, "MemAvailable:"u8) * 1024);
}
