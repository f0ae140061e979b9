using System.Text;

namespace Portal.Runtime.Tests.Fuzz;

/// <summary>A part that reads what strangers wrote, and what must hold whatever that is.</summary>
/// <param name="name">Name, also of the folder of its seeds.</param>
/// <param name="pieces">Pieces that mean something to it.</param>
internal abstract class FuzzTarget(string name, params string[] pieces) : IDisposable
{
    public string Name => name;

    /// <summary>Pieces that mean something to it.</summary>
    public IReadOnlyList<byte[]> Pieces { get; } = [.. pieces.Select(Encoding.UTF8.GetBytes)];

    /// <summary>How many cases a run of the unit tests has time for.</summary>
    public virtual int Cases => 4000;

    /// <summary>Bytes that reading one input may take, beside a multiple of its length.</summary>
    public virtual long Memory => 8 << 20;

    /// <summary>Inputs to begin with: as real programs write them, and those that were read wrongly once.</summary>
    public IReadOnlyList<byte[]> Seeds => field ??= [.. ReadSeeds(), .. MoreSeeds()];

    /// <summary>An input made from nothing; null when inputs are only made from seeds.</summary>
    public virtual byte[]? Invent(Random random) => null;

    /// <summary>Makes an input again what is looked into at all, for instance by mending its check sums.</summary>
    public virtual void Mend(byte[] input, Random random)
    {
    }

    /// <summary>Reads an input; throws anything but a refusal when a promise is broken.</summary>
    /// <returns>Whether it was taken rather than refused.</returns>
    public abstract bool Read(byte[] input);

    public virtual void Dispose() => GC.SuppressFinalize(this);

    protected virtual IEnumerable<byte[]> MoreSeeds() => [];

    /// <summary>A folder of its own; in memory where that is possible, as thousands of trees are made and deleted in it.</summary>
    protected static string MakeFolder() => Directory.CreateDirectory(Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"portal-fuzz-{Guid.NewGuid():n}")).FullName;

    private IEnumerable<byte[]> ReadSeeds()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "Fuzz", "corpus", name);
        return Directory.Exists(folder) ? Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes) : [];
    }
}
