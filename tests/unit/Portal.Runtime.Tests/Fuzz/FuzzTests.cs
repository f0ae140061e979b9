using System.Diagnostics;
using System.Globalization;

namespace Portal.Runtime.Tests.Fuzz;

/// <summary>
/// Every reader of what strangers wrote, with inputs that are nearly right: whatever comes, it is taken or refused in words, within bounds. Here some
/// thousands, the same every time; <c>./portal fuzz</c> goes on for as long as it is told to. PORTAL_FUZZ_TARGET says which, PORTAL_FUZZ_SEED with which inputs,
/// PORTAL_FUZZ_SECONDS for how long instead of how many, PORTAL_FUZZ_FINDINGS where to leave an input that broke a promise: in the folder of the target's
/// seeds it is read first from then on.
/// </summary>
/// <remarks>
/// Not steered by coverage: that needs every assembly rewritten after the build and a native driver (SharpFuzz with AFL or libFuzzer). These readers take
/// structured input, and inventing that from its parts, with check sums and sizes mended, reaches in seconds what bytes alone reach in days.
/// </remarks>
public sealed class FuzzTests
{
    private const int DefaultSeed = 20260101;

    /// <summary>Bytes of memory for each byte of input: a name of one letter costs an object or two.</summary>
    private const int MemoryPerByte = 4096;

    private static readonly IReadOnlyDictionary<string, Func<FuzzTarget>> s_targets = new Dictionary<string, Func<FuzzTarget>>
    {
        ["layer"] = () => new LayerTarget(),
        ["copy"] = () => new CopyTarget(),
        ["archive"] = () => new ArchiveTarget(),
        ["compression"] = () => new CompressionTarget(),
        ["manifest"] = () => new ManifestTarget(),
        ["config"] = () => new ConfigTarget(),
        ["reference"] = () => new ReferenceTarget(),
        ["dockerfile"] = () => new DockerfileTarget(),
        ["word"] = () => new WordTarget(),
        ["pattern"] = () => new PatternTarget(),
    };

    public static TheoryData<string> Targets => Environment.GetEnvironmentVariable("PORTAL_FUZZ_TARGET") is { } one and not "all" ? [one] : [.. s_targets.Keys];

    private static int? Number(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var number) ? number : null;

    [Theory]
    [MemberData(nameof(Targets))]
    public void Input_OfAnything_IsTakenOrRefused(string name)
    {
        Assert.True(s_targets.TryGetValue(name, out var open), $"There is no target {name}; there are {string.Join(", ", s_targets.Keys)}.");
        using var target = open();
        foreach (var seed in target.Seeds)
        {
            Try(target, seed, "a seed");
        }

        var first = Number("PORTAL_FUZZ_SEED") ?? DefaultSeed;
        var seconds = Number("PORTAL_FUZZ_SECONDS");
        var watch = Stopwatch.StartNew();
        int done = 0, taken = 0;
        for (; seconds is null ? done < target.Cases : watch.Elapsed.TotalSeconds < seconds; done++)
        {
            var random = new Random(first + done);
            taken += Try(target, Make(target, random), $"PORTAL_FUZZ_SEED={first + done}") ? 1 : 0;
        }

        TestContext.Current.SendDiagnosticMessage($"{name}: {done} inputs from seed {first}, {taken} taken, {done - taken} refused");
        // Otherwise one of the two was never tried.
        Assert.InRange(taken, 1, done - 1);
    }

    private static byte[] Make(FuzzTarget target, Random random)
    {
        var input = (random.Next(2) == 0 ? target.Invent(random) : null) ?? Mutation.Of(target, random);
        target.Mend(input, random);
        return input;
    }

    private static bool Try(FuzzTarget target, byte[] input, string origin)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            var taken = target.Read(input);
            var memory = GC.GetAllocatedBytesForCurrentThread() - before;
            return memory <= target.Memory + ((long)MemoryPerByte * input.Length) ? taken
                : throw new InvalidOperationException($"reading {input.Length} bytes took {memory} bytes of memory");
        }
        catch (Exception e)
        {
            var folder = Environment.GetEnvironmentVariable("PORTAL_FUZZ_FINDINGS") ?? Path.GetTempPath();
            var file = Path.Combine(Directory.CreateDirectory(folder).FullName, $"{target.Name}-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(input))[..12]}");
            File.WriteAllBytes(file, input);
            Assert.Fail($"{target.Name}, {origin}, input in {file}: {e}");
            throw;
        }
    }
}
