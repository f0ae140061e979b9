using Portal.Domain.Containers;

namespace Portal.Domain.Engine.Mapping;

/// <summary>
/// The <c>-v</c> form of a mount: <c>[source:]target[:options]</c>, where a source without a leading slash names a volume.
/// Rules and words are those of moby's parser.
/// </summary>
public static class BindSyntax
{
    public static MountSpec Parse(string text)
    {
        var parts = text.Split(':', 4);
        if (parts[0].Length == 0 || parts.Length == 4 || (parts.Length == 2 && MountModes.IsValid(parts[1])))
        {
            throw Invalid(text);
        }

        var mode = parts.Length == 3 ? parts[2] : "";
        if (!MountModes.IsValid(mode))
        {
            throw EngineErrors.Invalid("container.mount", $"invalid mode: {mode}");
        }

        var source = parts.Length == 1 ? "" : parts[0];
        var kind = source.StartsWith('/') ? MountKind.Bind : MountKind.Volume;
        if (MountModes.IsNoCopy(mode) && kind == MountKind.Bind)
        {
            throw Invalid(text, kind, "field VolumeOptions must not be specified");
        }

        var propagation = MountModes.PropagationOf(mode);
        if (propagation.Length > 0 && kind == MountKind.Volume)
        {
            throw Invalid(text, kind, "field BindOptions must not be specified");
        }

        return new(kind, kind == MountKind.Bind ? Clean(source) : source, Target(parts.Length == 1 ? parts[0] : parts[1], kind, text), MountModes.IsReadOnly(mode))
        {
            Origin = MountOrigin.Binds,
            AsGiven = text,
            Mode = mode,
            CreateSource = kind == MountKind.Bind,
            NoCopy = MountModes.IsNoCopy(mode),
            Propagation = propagation,
        };
    }

    /// <summary>An absolute path without needless parts.</summary>
    public static string Target(string target, MountKind kind, string text)
    {
        if (!target.StartsWith('/'))
        {
            // "", ".", "a/.." lead nowhere but to the root.
            throw Invalid(text, kind, Clean("/" + target) == "/" ? "invalid specification: destination can't be '/'" : $"invalid mount path: '{target}' mount path must be absolute");
        }

        var clean = Clean(target);
        return clean != "/" ? clean : throw Invalid(text, kind, "invalid specification: destination can't be '/'");
    }

    /// <summary>Takes <c>.</c>, <c>..</c> and needless slashes out of an absolute path.</summary>
    public static string Clean(string path) => path.Contains('\0') ? path : Path.GetFullPath(path) is { Length: > 1 } full ? full.TrimEnd('/') : "/";

    private static Primitives.ErrorException Invalid(string text, MountKind kind, string reason) =>
        EngineErrors.Invalid("container.mount", $"invalid volume specification: '{text}': invalid mount config for type \"{(kind == MountKind.Bind ? "bind" : "volume")}\": {reason}");

    private static Primitives.ErrorException Invalid(string text) => EngineErrors.Invalid("container.mount", $"invalid volume specification: '{text}'");
}
