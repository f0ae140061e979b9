using System.Globalization;

namespace Portal.Domain.Access.Quotas;

/// <summary>How much a team may have on each host; null for no limit.</summary>
public sealed record TeamQuota
{
    /// <summary>No limits.</summary>
    public static TeamQuota None { get; } = new();

    /// <summary>Containers, running or not.</summary>
    public int? Containers { get; init; }

    /// <summary>Volumes, those without a name too.</summary>
    public int? Volumes { get; init; }

    /// <summary>The memory limits of its containers together.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The processor limits of its containers together, in billionths of a processor.</summary>
    public long? NanoCpus { get; init; }

    /// <summary>For the audit log.</summary>
    public override string ToString() => this == None ? "no quota" : string.Join(", ", ((string?[])
    [
        Containers is { } containers ? $"{containers} containers" : null,
        Volumes is { } volumes ? $"{volumes} volumes" : null,
        MemoryBytes is { } memory ? QuotaText.Memory(memory) + " of memory" : null,
        NanoCpus is { } cpus ? QuotaText.Cpus(cpus) + " processors" : null,
    ]).OfType<string>());
}

/// <summary>Amounts, as people read them.</summary>
internal static class QuotaText
{
    private static readonly string[] s_units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    public static string Memory(Int128 bytes)
    {
        var (amount, unit) = ((decimal)bytes, 0);
        while (amount >= 1024 && unit < s_units.Length - 1)
        {
            (amount, unit) = (amount / 1024, unit + 1);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{amount:0.##} {s_units[unit]}");
    }

    public static string Cpus(Int128 nanos) => ((decimal)nanos / 1_000_000_000).ToString("0.###", CultureInfo.InvariantCulture);
}
