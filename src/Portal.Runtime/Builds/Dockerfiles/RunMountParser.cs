using System.Globalization;

namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>Reads <c>type=cache,target=/x,…</c>. Pure.</summary>
internal static class RunMountParser
{
    /// <exception cref="Domain.Primitives.ErrorException">400, naming the line.</exception>
    public static RunMount Parse(string text, int line)
    {
        var fields = Fields(text).Select(field => field.IndexOf('=', StringComparison.Ordinal) is var at and >= 0
            ? (Key: field[..at].ToLowerInvariant(), Value: field[(at + 1)..])
            : (Key: field.ToLowerInvariant(), Value: null)).ToList();
        var mount = new RunMount(fields.FirstOrDefault(field => field.Key == "type").Value?.ToLowerInvariant() switch
        {
            null or "bind" => RunMountKind.Bind,
            "cache" => RunMountKind.Cache,
            "tmpfs" => RunMountKind.Tmpfs,
            "secret" => RunMountKind.Secret,
            "ssh" => RunMountKind.Ssh,
            var other => throw DockerfileErrors.At(line, $"unsupported mount type \"{other}\", it is one of bind, cache, tmpfs, secret and ssh"),
        });
        foreach (var (key, value) in fields)
        {
            mount = With(mount, key, value, line);
        }

        return Checked(mount, line);
    }

    private static RunMount With(RunMount mount, string key, string? value, int line)
    {
        switch (key)
        {
            case "readonly" or "ro":
                return mount with { ReadOnly = Flag() };
            case "readwrite" or "rw":
                return mount with { ReadOnly = !Flag() };
            case "required":
                return mount with { Required = Flag() };
        }

        if (value is null)
        {
            throw DockerfileErrors.At(line, $"invalid field '{key}' must be a key=value pair");
        }

        return key switch
        {
            "type" => mount,
            "from" => mount with { From = value.Contains('$', StringComparison.Ordinal) ? throw DockerfileErrors.At(line, "'from' doesn't support variable expansion, define alias stage instead") : value },
            "source" or "src" => mount with { Source = value },
            "target" or "dst" or "destination" => mount with { Target = value },
            "id" => mount with { Id = value },
            "env" when mount.Kind == RunMountKind.Secret => mount with { Variable = value },
            "sharing" when mount.Kind == RunMountKind.Cache => mount with
            {
                Sharing = value.ToLowerInvariant() switch
                {
                    "shared" => CacheSharing.Shared,
                    "private" => CacheSharing.Private,
                    "locked" => CacheSharing.Locked,
                    _ => throw DockerfileErrors.At(line, $"unsupported sharing value \"{value}\""),
                },
            },
            "uid" => mount with { UserId = Number("uid", 10) },
            "gid" => mount with { GroupId = Number("gid", 10) },
            "mode" => mount with { Mode = Number("mode", 8) & 0xFFF },
            "size" when mount.Kind == RunMountKind.Tmpfs => mount with { SizeBytes = Size() },
            _ => throw DockerfileErrors.At(line, $"unexpected key '{key}' in '{key}={value}'"),
        };

        bool Flag() => value is null || (bool.TryParse(value, out var flag) ? flag : value switch
        {
            "1" => true,
            "0" => false,
            _ => throw DockerfileErrors.At(line, $"invalid value for {key}: {value}"),
        });

        uint Number(string name, int numberBase)
        {
            try
            {
                return Convert.ToUInt32(value, numberBase) is var number && number <= int.MaxValue ? number : throw new FormatException();
            }
            catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
            {
                throw DockerfileErrors.At(line, $"invalid value {value} for {name}");
            }
        }

        long Size()
        {
            var digits = value.TrimEnd('b', 'B', 'k', 'K', 'm', 'M', 'g', 'G', 't', 'T');
            var unit = value[digits.Length..].ToLowerInvariant().TrimEnd('b') switch { "" => 1L, "k" => 1L << 10, "m" => 1L << 20, "g" => 1L << 30, "t" => 1L << 40, _ => 0 };
            return unit > 0 && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size <= long.MaxValue / unit
                ? size * unit
                : throw DockerfileErrors.At(line, $"invalid value for size: {value}");
        }
    }

    private static RunMount Checked(RunMount mount, int line)
    {
        if (mount.Kind is RunMountKind.Bind or RunMountKind.Cache or RunMountKind.Tmpfs && string.IsNullOrEmpty(mount.Target))
        {
            throw DockerfileErrors.At(line, $"{mount.Kind.ToString().ToLowerInvariant()} mount requires a target");
        }

        if (mount.Kind is RunMountKind.Secret && mount.Id is null && mount.Source is null && mount.Target is null)
        {
            throw DockerfileErrors.At(line, "invalid secret mount. one of source, target required");
        }

        return mount;
    }

    /// <summary>Fields between commas; one in double quotes may hold commas.</summary>
    private static IEnumerable<string> Fields(string text)
    {
        for (var start = 0; start <= text.Length;)
        {
            var end = start;
            for (var quoted = false; end < text.Length && (quoted || text[end] != ','); end++)
            {
                quoted ^= text[end] == '"';
            }

            yield return text[start..end].Trim().Replace("\"", "", StringComparison.Ordinal);
            start = end + 1;
        }
    }
}
