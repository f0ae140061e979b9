using System.Formats.Tar;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Portal.E2E;

namespace Portal.Engine.E2E.Builds;

/// <summary>What is in an image, as lines that can be compared.</summary>
internal static class ImageContents
{
    // What engines make in a container for themselves.
    private static readonly HashSet<string> s_engine = ["etc", ".dockerenv", "etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab"];

    private static readonly string[] s_members =
        ["Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "Labels", "OnBuild", "Shell", "StopSignal", "User", "Volumes", "WorkingDir"];

    private static readonly JsonSerializerOptions s_plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Every file: kind, mode, owner and content.</summary>
    public static async Task<SortedDictionary<string, string>> TreeAsync(DockerCli docker, string image, string folder)
    {
        var container = (await docker.RunAsync("create", "--network", "none", image, "x")).Succeeded().Line;
        var path = Path.Combine(folder, "tree.tar");
        (await docker.RunAsync("export", "-o", path, container)).Succeeded();
        (await docker.RunAsync("rm", "-v", container)).Succeeded();
        var tree = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var file = File.OpenRead(path);
        using var tar = new TarReader(file);
        while (await tar.GetNextEntryAsync() is { } entry)
        {
            var name = entry.Name.Trim('/');
            if (!s_engine.Contains(name) && name.Split('/')[0] is not ("dev" or "proc" or "sys"))
            {
                tree[name] = Describe(entry, tree);
            }
        }

        return tree;
    }

    /// <summary>What one tree has and another has not, or not so.</summary>
    public static string[] Difference(SortedDictionary<string, string> from, SortedDictionary<string, string> to) =>
    [
        .. from.Keys.Union(to.Keys).Order(StringComparer.Ordinal)
            .Where(name => from.GetValueOrDefault(name) != to.GetValueOrDefault(name))
            .Select(name => to.TryGetValue(name, out var now) ? $"/{name} {now}" : $"- /{name}"),
    ];

    /// <summary>What an image says about itself, without what is empty.</summary>
    public static async Task<string[]> ConfigAsync(DockerCli docker, string image)
    {
        var inspected = JsonNode.Parse((await docker.RunAsync("image", "inspect", image)).Succeeded().Out)![0]!;
        var lines = new List<string>();
        if (inspected["Author"]?.GetValue<string>() is { Length: > 0 } author)
        {
            lines.Add("Author " + JsonSerializer.Serialize(author, s_plain));
        }

        foreach (var member in s_members)
        {
            var value = Sorted(inspected["Config"]![member]);
            if (member == "Env")
            {
                value = new JsonArray([.. (value as JsonArray ?? []).Where(entry => !entry!.GetValue<string>().StartsWith("PATH=", StringComparison.Ordinal)).Select(entry => entry!.DeepClone())]);
            }

            if (value is not (null or JsonArray { Count: 0 } or JsonObject { Count: 0 }) && value.ToJsonString() is not ("\"\"" or "\"/\""))
            {
                lines.Add($"{member} {value.ToJsonString(s_plain)}");
            }
        }

        return [.. lines.Order(StringComparer.Ordinal)];
    }

    private static JsonNode? Sorted(JsonNode? node) => node is JsonObject members
        ? new JsonObject(members.Where(member => member.Value?.ToJsonString() is not "0").OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())))
        : node?.DeepClone();

    private static string Describe(TarEntry entry, SortedDictionary<string, string> tree)
    {
        var owner = string.Create(CultureInfo.InvariantCulture, $"{Convert.ToString((int)entry.Mode, 8)} {entry.Uid}:{entry.Gid}");
        return entry.EntryType switch
        {
            TarEntryType.Directory => "D " + owner,
            TarEntryType.SymbolicLink => "L " + entry.LinkName,
            TarEntryType.HardLink => tree[entry.LinkName.Trim('/')],
            TarEntryType.CharacterDevice => string.Create(CultureInfo.InvariantCulture, $"C {owner} {((PosixTarEntry)entry).DeviceMajor}:{((PosixTarEntry)entry).DeviceMinor}"),
            TarEntryType.Fifo => "P " + owner,
            _ => $"F {owner} {Content(entry)}",
        };
    }

    private static string Content(TarEntry entry)
    {
        using var content = new MemoryStream();
        entry.DataStream?.CopyTo(content);
        var bytes = content.ToArray();
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            if (bytes.Length < 200 && text.All(c => c is '\n' or '\t' || !char.IsControl(c)))
            {
                return "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal) + "\"";
            }
        }
        catch (DecoderFallbackException)
        {
            // Told by its digest.
        }

        return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];
    }
}
