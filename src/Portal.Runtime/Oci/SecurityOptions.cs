using Portal.Domain.Primitives;

namespace Portal.Runtime.Oci;

/// <summary><c>--security-opt</c> values, read.</summary>
internal sealed record SecurityOptions
{
    public bool NoNewPrivileges { get; init; }

    public bool SeccompUnconfined { get; init; }

    /// <summary>The user's own profile; null for the default one.</summary>
    public string? SeccompProfile { get; init; }

    /// <summary>Name of the AppArmor profile, or <c>unconfined</c>; null when nothing was said.</summary>
    public string? AppArmorProfile { get; init; }

    /// <summary>Leave /proc and /sys as the kernel makes them.</summary>
    public bool SystemPathsUnconfined { get; init; }

    public bool WritableCgroups { get; init; }

    /// <exception cref="ErrorException">400: an option nobody knows. Ignoring it could leave a container less confined than was asked for.</exception>
    public static SecurityOptions Parse(IReadOnlyList<string> options)
    {
        var result = new SecurityOptions();
        foreach (var option in options)
        {
            if (option is "no-new-privileges")
            {
                result = result with { NoNewPrivileges = true };
                continue;
            }

            // Docker takes both key=value and the older key:value.
            var separator = option.IndexOf('=', StringComparison.Ordinal) is var equals and >= 0 ? equals : option.IndexOf(':', StringComparison.Ordinal);
            if (separator < 0)
            {
                throw Invalid(option, stage: 1);
            }

            var value = option[(separator + 1)..];
            result = option[..separator] switch
            {
                "no-new-privileges" => result with { NoNewPrivileges = Boolean(option, value) },
                "seccomp" => value switch
                {
                    "unconfined" => result with { SeccompUnconfined = true, SeccompProfile = null },
                    "builtin" or "" => result with { SeccompUnconfined = false, SeccompProfile = null },
                    _ => result with { SeccompUnconfined = false, SeccompProfile = value },
                },
                "apparmor" => result with { AppArmorProfile = value.Any(char.IsControl) ? throw Invalid(option) : value.Length == 0 ? null : value },
                "systempaths" when value is "unconfined" => result with { SystemPathsUnconfined = true },
                "writable-cgroups" => result with { WritableCgroups = Boolean(option, value) },
                "label" => result, // SELinux labels say nothing on a host without SELinux.
                _ => throw Invalid(option),
            };
        }

        return result;
    }

    private static bool Boolean(string option, string value) => value switch
    {
        "true" or "1" => true,
        "false" or "0" => false,
        _ => throw Invalid(option),
    };

    // Docker's two places that find it, numbered.
    private static ErrorException Invalid(string option, int stage = 2) =>
        new(ErrorKind.Invalid, "container.security_option", $"invalid --security-opt {stage}: \"{(option.Length > 100 ? option[..100] : option)}\"");
}
