using System.Text.Json;

namespace Portal.Runtime.Cdi;

/// <summary>Reads CDI files, strictly: what is not understood could be what makes a device safe. Pure.</summary>
internal static class CdiReader
{
    private static readonly Version s_firstVersion = new(0, 3, 0), s_lastVersion = new(1, 1, 0);
    private static readonly string[] s_hooks = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

    /// <summary>Reads one file, JSON or YAML.</summary>
    /// <exception cref="FormatException">What is wrong with it.</exception>
    public static CdiSpec Read(string text)
    {
        CdiSpec? spec;
        try
        {
            spec = JsonSerializer.Deserialize(YamlToJson.Convert(text), CdiJson.Default.CdiSpec);
        }
        catch (JsonException ex)
        {
            throw new FormatException(ex.Message, ex);
        }

        Check(spec ?? throw new FormatException("no Spec data"));
        return spec;
    }

    private static void Check(CdiSpec spec)
    {
        Demand(Version.TryParse(spec.CdiVersion.StartsWith('v') ? spec.CdiVersion[1..] : spec.CdiVersion, out var version) && version >= s_firstVersion && version <= s_lastVersion, $"invalid version \"{spec.CdiVersion}\"");
        var needed = NeededVersion(spec);
        Demand(version >= needed, $"the spec version must be at least v{needed}");
        var slash = spec.Kind.IndexOf('/', StringComparison.Ordinal);
        Demand(slash > 0 && IsName(spec.Kind[..slash], digitFirst: false, ""), $"invalid vendor of kind \"{spec.Kind}\"");
        Demand(IsName(spec.Kind[(slash + 1)..], digitFirst: false, ""), $"invalid class of kind \"{spec.Kind}\"");
        Check(spec.ContainerEdits, spec.Kind);
        Demand(spec.Devices is { Count: > 0 }, "invalid spec, no devices");
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var device in spec.Devices!)
        {
            Demand(IsName(device.Name, digitFirst: true, ":"), $"invalid device name \"{device.Name}\"");
            Demand(names.Add(device.Name), $"invalid spec, multiple device \"{device.Name}\"");
            Demand(device.ContainerEdits is { IsEmpty: false }, $"invalid device \"{device.Name}\", empty device edits");
            Check(device.ContainerEdits, device.Name);
        }
    }

    private static void Check(CdiEdits? edits, string where)
    {
        CheckVariables(edits?.Env, where);
        foreach (var node in edits?.DeviceNodes ?? [])
        {
            Demand(node.Path.StartsWith('/') && (node.HostPath.Length == 0 || node.HostPath.StartsWith('/')), $"{where}: invalid (empty or relative) device path \"{node.Path}\"");
            Demand(node.Type is "" or "b" or "c" or "u" or "p", $"{where}: device \"{node.Path}\": invalid type \"{node.Type}\"");
            Demand(node.Permissions == "none" || node.Permissions.All("rwm".Contains), $"{where}: device \"{node.Path}\": invalid permissions \"{node.Permissions}\"");
        }

        foreach (var mount in edits?.Mounts ?? [])
        {
            Demand(mount.HostPath.Length > 0, $"{where}: invalid mount, empty host path");
            Demand(mount.ContainerPath.StartsWith('/'), $"{where}: invalid mount, empty or relative container path \"{mount.ContainerPath}\"");
        }

        foreach (var hook in edits?.Hooks ?? [])
        {
            Demand(s_hooks.Contains(hook.HookName), $"{where}: invalid hook name \"{hook.HookName}\"");
            Demand(hook.Path.StartsWith('/'), $"{where}: invalid hook \"{hook.HookName}\" with empty or relative path");
            Demand(hook.Timeout is null or > 0, $"{where}: invalid hook \"{hook.HookName}\": the timeout has to be positive");
            CheckVariables(hook.Env, where);
        }
    }

    private static void CheckVariables(IReadOnlyList<string>? variables, string where)
    {
        foreach (var variable in variables ?? [])
        {
            Demand(variable.IndexOf('=', StringComparison.Ordinal) > 0, $"{where}: invalid environment variable \"{variable}\"");
        }
    }

    /// <summary>The first version that has all that a file makes use of.</summary>
    private static Version NeededVersion(CdiSpec spec)
    {
        CdiEdits[] edits = [.. (spec.Devices ?? []).Select(device => device.ContainerEdits).Append(spec.ContainerEdits).OfType<CdiEdits>()];
        return edits.Any(edit => edit.NetDevices is not null) ? new(1, 1, 0)
            : edits.Any(edit => edit.IntelRdt is not null || edit.AdditionalGids is { Count: > 0 }) ? new(0, 7, 0)
            : spec.Annotations is { Count: > 0 } || (spec.Devices ?? []).Any(device => device.Annotations is { Count: > 0 }) || spec.Kind[(spec.Kind.IndexOf('/', StringComparison.Ordinal) + 1)..].Contains('.', StringComparison.Ordinal) ? new(0, 6, 0)
            : (spec.Devices ?? []).Any(device => device.Name is [>= '0' and <= '9', ..]) || edits.Any(edit => (edit.DeviceNodes ?? []).Any(node => node.HostPath.Length > 0)) ? new(0, 5, 0)
            : edits.Any(edit => (edit.Mounts ?? []).Any(mount => mount.Type.Length > 0)) ? new(0, 4, 0)
            : s_firstVersion;
    }

    private static bool IsName(string name, bool digitFirst, string further) =>
        name.Length > 0 && (char.IsAsciiLetter(name[0]) || (digitFirst && char.IsAsciiDigit(name[0]))) && char.IsAsciiLetterOrDigit(name[^1])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' || further.Contains(c, StringComparison.Ordinal));

    private static void Demand(bool good, string mistake)
    {
        if (!good)
        {
            throw new FormatException(mistake);
        }
    }
}
