using System.Runtime.InteropServices;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Builds;

/// <summary>For which machines something is, in the words of the image spec. Pure.</summary>
/// <param name="Os">Operating system.</param>
/// <param name="Architecture">Architecture.</param>
/// <param name="Variant">Of the architecture; empty for none.</param>
internal sealed record BuildPlatform(string Os, string Architecture, string Variant)
{
    /// <summary>This machine.</summary>
    public static BuildPlatform Host { get; } = new("linux", Normal(RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(), out var variant), variant);

    /// <summary>Reads <c>os/arch[/variant]</c>, <c>os</c> or <c>arch</c>; what is not said is the host's.</summary>
    /// <exception cref="ErrorException">400: it is none, or none that runs here.</exception>
    public static BuildPlatform Parse(string text)
    {
        var parts = text.Trim().ToLowerInvariant().Split('/');
        if (parts.Length > 3 || Array.Exists(parts, part => part.Length == 0 || !part.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '(' or ')')))
        {
            throw new ErrorException(ErrorKind.Invalid, "build.platform", $"\"{text}\" is an invalid platform: must be os, os/arch or os/arch/variant");
        }

        var isOs = parts.Length > 1 || parts[0] is "linux" or "windows" or "darwin" or "freebsd";
        var os = isOs ? parts[0] : Host.Os;
        var architecture = isOs ? parts.ElementAtOrDefault(1) : parts[0];
        if (os != "linux")
        {
            throw new ErrorException(ErrorKind.Invalid, "build.platform", $"\"{text}\": operating system \"{os}\" is not supported");
        }

        var normal = architecture is null ? Host.Architecture : Normal(architecture, out var variant);
        return new(os, normal, parts.ElementAtOrDefault(2) is { } named ? (normal == "arm64" && named == "v8" ? "" : named) : architecture is null ? Host.Variant : VariantOf(architecture));
    }

    public override string ToString() => Variant.Length == 0 ? $"{Os}/{Architecture}" : $"{Os}/{Architecture}/{Variant}";

    private static string Normal(string architecture, out string variant)
    {
        variant = VariantOf(architecture);
        return architecture switch
        {
            "x86_64" or "x86-64" or "x64" => "amd64",
            "aarch64" => "arm64",
            "i386" or "i686" or "x86" => "386",
            "armhf" or "armel" or "arm" => "arm",
            _ => architecture,
        };
    }

    private static string VariantOf(string architecture) => architecture switch { "armhf" or "arm" => "v7", "armel" => "v6", _ => "" };
}
