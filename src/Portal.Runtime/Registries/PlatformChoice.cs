using System.Runtime.InteropServices;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;

namespace Portal.Runtime.Registries;

/// <summary>A machine that images are for, as <c>os/arch[/variant]</c>, and the choice of a manifest for it. Pure.</summary>
/// <param name="System">Operating system.</param>
/// <param name="Architecture">In Go's words.</param>
/// <param name="Variant">For instance <c>v7</c>; empty for the ordinary one.</param>
internal sealed record PlatformChoice(string System, string Architecture, string Variant)
{
    /// <summary>This machine.</summary>
    public static PlatformChoice Host { get; } = RuntimeInformation.OSArchitecture switch
    {
        global::System.Runtime.InteropServices.Architecture.X64 => new("linux", "amd64", ""),
        global::System.Runtime.InteropServices.Architecture.Arm64 => new("linux", "arm64", "v8"),
        global::System.Runtime.InteropServices.Architecture.Arm => new("linux", "arm", "v7"),
        var other => new("linux", other.ToString().ToLowerInvariant(), ""),
    };

    public override string ToString() => Variant.Length == 0 ? $"{System}/{Architecture}" : $"{System}/{Architecture}/{Variant}";

    /// <summary>Reads what a client asks for; null and empty are this machine.</summary>
    /// <exception cref="ErrorException">400: it is no platform.</exception>
    public static PlatformChoice Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return Host;
        }

        var parts = text.ToLowerInvariant().Split('/');
        if (parts.Length > 3 || parts.Any(p => p.Length is 0 or > 32 || !p.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')))
        {
            throw new ErrorException(ErrorKind.Invalid, "image.platform", $"\"{text}\": invalid platform; it is of the form os/arch[/variant]");
        }

        return parts switch
        {
            [var system] when IsSystem(system) => Host with { System = system },
            [var architecture] => Normal("linux", architecture, ""),
            [var system, var architecture] => Normal(system, architecture, ""),
            [var system, var architecture, var variant] => Normal(system, architecture, variant),
            _ => Host,
        };
    }

    /// <summary>The descriptor that fits best; null when none fits.</summary>
    public OciDescriptor? Choose(IReadOnlyList<OciDescriptor> manifests)
    {
        OciDescriptor? best = null;
        var rank = int.MaxValue;
        foreach (var manifest in manifests)
        {
            if (manifest.Platform is { } p && Rank(Normal(p.Os.ToLowerInvariant(), p.Architecture.ToLowerInvariant(), p.Variant ?? "")) is { } found && found < rank)
            {
                (best, rank) = (manifest, found);
            }
        }

        return best;
    }

    /// <summary>True when what is built for the other one is what was asked for here.</summary>
    public bool Fits(string system, string architecture, string? variant) => Rank(Normal(system, architecture, variant ?? "")) is not null;

    /// <summary>0 for the very same, more for older ones that it runs as well; null when it does not.</summary>
    private int? Rank(PlatformChoice other)
    {
        if (other.System != System)
        {
            return null;
        }

        if (other.Architecture == Architecture)
        {
            return other.Variant == Variant ? 0
                : Level(Variant) is { } own && Level(other.Variant) is { } level && level <= own ? own - level
                : null;
        }

        return (Architecture, other.Architecture) switch
        {
            ("amd64", "386") => 100,
            // 64-bit ARM machines run what was built for 32 bits, with few exceptions.
            ("arm64", "arm") when Level(other.Variant) is { } level => 100 - level,
            _ => null,
        };
    }

    /// <summary>Variants are levels, each with what the ones below have.</summary>
    private static int? Level(string variant) =>
        variant.Length == 0 ? 1 : variant is ['v', >= '1' and <= '9'] ? variant[1] - '0' : null;

    private static PlatformChoice Normal(string system, string architecture, string variant) => (architecture, variant) switch
    {
        ("x86_64" or "x86-64" or "amd64", "" or "v1") => new(system, "amd64", ""),
        ("x86_64" or "x86-64" or "amd64", _) => new(system, "amd64", variant),
        ("i386" or "i686" or "386", _) => new(system, "386", ""),
        ("aarch64" or "arm64", "" or "8" or "v8") => new(system, "arm64", "v8"),
        ("aarch64" or "arm64", _) => new(system, "arm64", variant),
        ("armhf", _) => new(system, "arm", "v7"),
        ("armel", _) => new(system, "arm", "v6"),
        ("arm", "") => new(system, "arm", "v7"),
        ("arm", ['5' or '6' or '7' or '8']) => new(system, "arm", "v" + variant),
        _ => new(system, architecture, variant),
    };

    private static bool IsSystem(string text) => text is "linux" or "windows" or "darwin" or "freebsd";
}
