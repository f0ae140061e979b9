using System.Runtime.InteropServices;
using System.Text.Json;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Oci;

/// <summary>A user's own profile in Docker's form: <c>--security-opt seccomp=profile.json</c>, which the CLI sends as text.</summary>
internal sealed record SeccompProfile
{
    /// <summary>Longest profile taken, characters.</summary>
    public const int MaximumLength = 1 << 20;

    // All of seccomp(2) but the one that asks another process: there is none to ask.
    private static readonly string?[] s_actions =
        ["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP"];

    // All that libseccomp may know; the one of this host knows its own and more.
    private static readonly string[] s_architectures =
    [
        "X86", "X86_64", "X32", "ARM", "AARCH64", "LOONGARCH64", "M68K", "MIPS", "MIPS64", "MIPS64N32", "MIPSEL", "MIPSEL64", "MIPSEL64N32", "PARISC", "PARISC64", "PPC", "PPC64", "PPC64LE", "RISCV64", "S390", "S390X", "SH", "SHEB",
    ];

    private static readonly string[] s_flags = ["TSYNC", "LOG", "SPEC_ALLOW", "WAIT_KILLABLE_RECV"];

    private static readonly string[] s_operators = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"];

    // A system call has six arguments, and an error number fits into MAX_ERRNO.
    private const int LastArgument = 5, MaximumErrno = 4095;

    public string? DefaultAction { get; init; }

    public int? DefaultErrnoRet { get; init; }

    public IReadOnlyList<string>? Architectures { get; init; }

    public IReadOnlyList<ArchitectureMap>? ArchMap { get; init; }

    public IReadOnlyList<string>? Flags { get; init; }

    public IReadOnlyList<Rule>? Syscalls { get; init; }

    internal sealed record ArchitectureMap(string Architecture, IReadOnlyList<string>? SubArchitectures);

    internal sealed record Rule
    {
        public string? Name { get; init; }

        public IReadOnlyList<string>? Names { get; init; }

        public string? Action { get; init; }

        public int? ErrnoRet { get; init; }

        public IReadOnlyList<Argument>? Args { get; init; }

        public Filter? Includes { get; init; }

        public Filter? Excludes { get; init; }
    }

    internal sealed record Argument(int Index, ulong Value, ulong? ValueTwo, string Op);

    internal sealed record Filter(IReadOnlyList<string>? Caps, IReadOnlyList<string>? Arches, string? MinKernel);

    /// <summary>Reads a profile.</summary>
    /// <exception cref="ErrorException">400: not JSON, or not a profile.</exception>
    public static SeccompProfile Parse(string json)
    {
        if (json.Length > MaximumLength)
        {
            throw Invalid("the profile is larger than 1 MiB");
        }

        try
        {
            var profile = JsonSerializer.Deserialize(json, OciJson.Default.SeccompProfile);
            if (profile is not null && profile.HasNull())
            {
                throw Invalid("a list must not have null in it");
            }

            return profile?.DefaultAction is null ? throw Invalid("the profile has no defaultAction") : profile;
        }
        catch (JsonException ex)
        {
            throw Invalid(ex.Message, ex);
        }
    }

    /// <summary>Throws what <see cref="Resolve"/> would.</summary>
    public void Check()
    {
        Demand((Architectures ?? []).Concat((ArchMap ?? []).SelectMany(map => (map.SubArchitectures ?? []).Prepend(map.Architecture))), "SCMP_ARCH_", s_architectures, "architecture");
        Demand(Flags ?? [], "SECCOMP_FILTER_FLAG_", s_flags, "flag");
        Demand(DefaultErrnoRet);
        foreach (var rule in Syscalls ?? [])
        {
            Demand(rule.ErrnoRet);
            Demand((rule.Args ?? []).Select(argument => argument.Op), "SCMP_CMP_", s_operators, "operator");
            if ((rule.Args ?? []).FirstOrDefault(argument => argument.Index is < 0 or > LastArgument) is { } wrong)
            {
                throw Invalid($"there is no argument {wrong.Index} of a system call");
            }
        }

        _ = Resolve(CapabilitySet.All, RuntimeInformation.OSArchitecture, new(int.MaxValue, 0));
    }

    private bool HasNull() =>
        Has(Architectures) || Has(Flags) || Has(ArchMap) || (ArchMap ?? []).Any(map => map.Architecture is null || Has(map.SubArchitectures))
        || Has(Syscalls) || (Syscalls ?? []).Any(rule => Has(rule.Names) || Has(rule.Args) || (rule.Args ?? []).Any(argument => argument.Op is null) || Has(rule.Includes) || Has(rule.Excludes));

    private static bool Has(Filter? filter) => filter is not null && (Has(filter.Caps) || Has(filter.Arches));

    private static bool Has<T>(IEnumerable<T?>? list) where T : class => list?.Any(item => item is null) == true;

    private static void Demand(IEnumerable<string?> names, string prefix, string[] known, string what)
    {
        if (names.FirstOrDefault(name => name?.StartsWith(prefix, StringComparison.Ordinal) != true || !known.Contains(name[prefix.Length..])) is var unknown && unknown is not null)
        {
            throw Invalid($"unknown seccomp {what} \"{unknown}\"");
        }
    }

    private static void Demand(int? errno)
    {
        if (errno is < 0 or > MaximumErrno)
        {
            throw Invalid($"{errno} is no number of an error");
        }
    }

    /// <summary>What of the profile holds for a process with the given bounding set on the given machine.</summary>
    public OciSeccomp Resolve(CapabilitySet capabilities, Architecture architecture, Version kernel)
    {
        if (Architectures is { Count: > 0 } && ArchMap is { Count: > 0 })
        {
            throw Invalid("both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'");
        }

        var rules = new List<OciSyscall>();
        foreach (var rule in Syscalls ?? [])
        {
            if (rule.Name is not null && rule.Names is { Count: > 0 })
            {
                throw Invalid("both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'");
            }

            var names = rule.Name is { } name ? [name] : rule.Names ?? [];
            var action = Known(rule.Action);
            if (names.Count > 0 && Includes(rule.Includes, capabilities, architecture, kernel) && !Excludes(rule.Excludes, capabilities, architecture, kernel))
            {
                rules.Add(new(names, action, rule.ErrnoRet, rule.Args is { Count: > 0 } args ? [.. args.Select(a => new OciSyscallArgument(a.Index, a.Value, a.ValueTwo, a.Op))] : null));
            }
        }

        var own = ArchitectureName(architecture);
        var map = ArchMap?.FirstOrDefault(entry => entry.Architecture == own);
        return new OciSeccomp
        {
            DefaultAction = Known(DefaultAction),
            DefaultErrnoRet = DefaultErrnoRet,
            Architectures = Architectures is { Count: > 0 } ? Architectures : map is null ? null : [map.Architecture, .. map.SubArchitectures ?? []],
            Flags = Flags is { Count: > 0 } ? Flags : null,
            Syscalls = rules,
        };
    }

    // A rule that says nothing would be no rule, and its calls would be left to the default.
    private static string Known(string? action) => s_actions.Contains(action) ? action! : throw Invalid($"unknown seccomp action \"{action}\"");

    private static bool Includes(Filter? filter, CapabilitySet capabilities, Architecture architecture, Version kernel) =>
        filter is null
        || ((filter.Arches is not { Count: > 0 } arches || arches.Contains(GoName(architecture)))
            && (filter.Caps ?? []).All(capabilities.Contains)
            && (filter.MinKernel is null || kernel >= KernelOf(filter.MinKernel)));

    private static bool Excludes(Filter? filter, CapabilitySet capabilities, Architecture architecture, Version kernel) =>
        filter is not null
        && ((filter.Arches ?? []).Contains(GoName(architecture))
            || (filter.Caps ?? []).Any(capabilities.Contains)
            || (filter.MinKernel is not null && kernel >= KernelOf(filter.MinKernel)));

    private static Version KernelOf(string text) => Version.TryParse(text, out var version) ? version : throw Invalid($"minKernel {text} is not a version");

    private static string GoName(Architecture architecture) => architecture switch
    {
        Architecture.X64 => "amd64",
        Architecture.Arm64 => "arm64",
        _ => architecture.ToString(),
    };

    private static string ArchitectureName(Architecture architecture) => DefaultSeccomp.Architectures(architecture)?[0] ?? "";

    private static ErrorException Invalid(string reason, Exception? inner = null) =>
        new(ErrorKind.Invalid, "container.seccomp", $"Decoding seccomp profile failed: {reason}", inner);
}
