using Portal.Domain.Containers;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>The <c>-v</c> form of a mount: <c>source:target[:options]</c>, where a source without a leading slash names a volume.</summary>
internal static class BindSyntax
{
    private static readonly string[] s_propagations = ["private", "rprivate", "slave", "rslave", "shared", "rshared"];

    public static MountSpec Parse(string text)
    {
        var parts = text.Split(':');
        if (parts.Length is not (2 or 3) || parts[0].Length == 0 || parts[1].Length == 0)
        {
            throw Invalid(text);
        }

        var bind = parts[0][0] == '/';
        if (!bind && (parts[0].Contains('/') || parts[0] is "." or ".."))
        {
            throw EngineErrors.Invalid(
                "container.mount",
                $"create {parts[0]}: \"{parts[0]}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. "
                + "If you intended to pass a host directory, use absolute path");
        }

        var mount = new MountSpec(bind ? MountKind.Bind : MountKind.Volume, bind ? Clean(parts[0]) : parts[0], Target(parts[1], text), ReadOnly: false)
        {
            FromBinds = true,
            CreateSource = bind,
        };
        return parts.Length == 2 ? mount : parts[2].Split(',').Aggregate(mount, (m, option) => Apply(m, option, text));
    }

    /// <summary>The text inspect shows for such a mount.</summary>
    public static string Format(MountSpec mount)
    {
        var options = new List<string>(3);
        if (mount.ReadOnly)
        {
            options.Add("ro");
        }

        if (mount.Propagation.Length > 0)
        {
            options.Add(mount.Propagation);
        }

        if (mount.NoCopy)
        {
            options.Add("nocopy");
        }

        return options.Count == 0 ? $"{mount.Source}:{mount.Target}" : $"{mount.Source}:{mount.Target}:{string.Join(',', options)}";
    }

    /// <summary>An absolute path without its trailing slashes; <paramref name="what"/> is named in errors.</summary>
    public static string Target(string target, string what)
    {
        if (target.Length == 0 || target[0] != '/')
        {
            throw EngineErrors.Invalid("container.mount", $"invalid volume specification: '{what}': invalid mount path: '{target}' mount path must be absolute");
        }

        var clean = Clean(target);
        return clean != "/" ? clean : throw EngineErrors.Invalid("container.mount", $"invalid volume specification: '{what}': invalid specification: destination can't be '/'");
    }

    /// <summary>Takes <c>.</c>, <c>..</c> and double slashes out of an absolute path.</summary>
    public static string Clean(string path) => Path.GetFullPath(path) is { Length: > 1 } full ? full.TrimEnd('/') : "/";

    /// <summary>A propagation mode of the long form; empty for the default.</summary>
    public static string Propagation(string? text) => string.IsNullOrEmpty(text) || s_propagations.Contains(text)
        ? text ?? ""
        : throw EngineErrors.Invalid("container.mount", $"invalid mount config for type \"bind\": invalid propagation mode: {text}");

    private static MountSpec Apply(MountSpec mount, string option, string text) => option switch
    {
        "ro" => mount with { ReadOnly = true },

        // Relabelling has no effect without SELinux, consistency none on Linux.
        "" or "rw" or "z" or "Z" or "cached" or "delegated" or "consistent" or "default" => mount,
        "nocopy" when mount.Kind == MountKind.Volume => mount with { NoCopy = true },
        _ when mount.Kind == MountKind.Bind && s_propagations.Contains(option) => mount with { Propagation = option },
        _ => throw Invalid(text),
    };

    private static Domain.Primitives.ErrorException Invalid(string text) => EngineErrors.Invalid("container.mount", $"invalid volume specification: '{text}'");
}
