using System.Globalization;
using System.Text.Json;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Dockerfiles;

namespace Portal.Agent.BuildKit.Solving;

/// <summary>
/// What a client of BuildKit asks of the Dockerfile front end, read from the flat map it sends (moby/buildkit frontend/dockerui). What this
/// engine does not do is refused in words; what only changes how BuildKit works inside is passed over.
/// </summary>
internal sealed record SolveAttributes
{
    private const string Argument = "build-arg:";
    private const string Label = "label:";
    private const string Named = "context:";

    private static readonly HashSet<string> s_capabilities =
    [
        "moby.buildkit.frontend.inputs", "moby.buildkit.frontend.subrequests", "moby.buildkit.frontend.contexts", "moby.buildkit.frontend.gitquerystring",
    ];

    public required string Dockerfile { get; init; }

    /// <summary>Folder of the client that the Dockerfile is in.</summary>
    public required string DockerfileFolder { get; init; }

    /// <summary>The client says where the Dockerfile is, though the context is not its own.</summary>
    public bool HasDockerfileFolder { get; init; }

    /// <summary>Folder of the client that the context is.</summary>
    public required string ContextFolder { get; init; }

    /// <summary>Address of a context that is no folder of the client's; null when it is one.</summary>
    public string? RemoteContext { get; init; }

    /// <summary>The context, where it is a git repository, keeps the repository's own folder.</summary>
    public bool KeepsGitFolder { get; init; }

    /// <summary>A named context: what the client wrote after its name.</summary>
    public IReadOnlyDictionary<string, string> NamedContexts { get; init; } = new Dictionary<string, string>();

    /// <summary>Keys that stand for folders, by folder.</summary>
    public IReadOnlyDictionary<string, string> SharedKeys { get; init; } = new Dictionary<string, string>();

    /// <summary>Sessions that have folders, by folder, where it is not the build's own.</summary>
    public IReadOnlyDictionary<string, string> Sessions { get; init; } = new Dictionary<string, string>();

    /// <summary>Results of other builds, by the name that a named context calls them.</summary>
    public IReadOnlyDictionary<string, string> Inputs { get; init; } = new Dictionary<string, string>();

    public string? Target { get; init; }

    public IReadOnlyDictionary<string, string?> Arguments { get; init; } = new Dictionary<string, string?>();

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public bool NoCache { get; init; }

    public IReadOnlyList<string> NoCacheStages { get; init; } = [];

    public bool Pull { get; init; }

    public IReadOnlyList<string> CacheFrom { get; init; } = [];

    public string Network { get; init; } = "default";

    /// <summary><c>name:address</c>.</summary>
    public IReadOnlyList<string> ExtraHosts { get; init; } = [];

    public ContainerResources Resources { get; init; } = new();

    public IReadOnlyList<UlimitSpec> Ulimits { get; init; } = [];

    public long ShmSizeBytes { get; init; }

    public string CgroupParent { get; init; } = "";

    public string? Platform { get; init; }

    /// <summary>Something is asked about the Dockerfile rather than an image of it: <c>lint</c>, <c>outline</c>, <c>targets</c>; null for an image.</summary>
    public string? Question { get; init; }

    public static SolveAttributes Read(string frontend, IReadOnlyDictionary<string, string> attributes)
    {
        CheckFrontend(frontend, attributes);
        Refuse(attributes);
        var remote = attributes.GetValueOrDefault("context", "");
        return new()
        {
            Dockerfile = Value("filename") ?? "Dockerfile",
            DockerfileFolder = Value("dockerfilekey") ?? "dockerfile",
            HasDockerfileFolder = Value("dockerfilekey") is not null,
            ContextFolder = Value("contextkey") ?? "context",
            RemoteContext = remote.Length > 0 ? remote : null,
            KeepsGitFolder = Value(Argument + "BUILDKIT_CONTEXT_KEEP_GIT_DIR") is "1" or "true",
            NamedContexts = Those(Named),
            SharedKeys = Those("sharedkey:localdir:"),
            Sessions = Those("local-sessionid:"),
            Target = Value("target"),
            Arguments = Those(Argument).ToDictionary(p => p.Key, string? (p) => p.Value, StringComparer.Ordinal),
            Labels = Those(Label),
            NoCache = attributes.GetValueOrDefault("no-cache") is "",
            NoCacheStages = Value("no-cache") is { } stages ? stages.Split(',') : [],
            Pull = Value("image-resolve-mode") switch
            {
                null or "default" or "local" => false,
                "pull" => true,
                var other => throw Bad($"invalid image-resolve-mode: {other}"),
            },
            CacheFrom = Caches(attributes),
            Network = Value("force-network-mode") switch
            {
                null or "sandbox" => "default",
                "none" => "none",
                "host" => "host",
                var other => throw Bad($"invalid netmode {other}"),
            },
            ExtraHosts = Value("add-hosts") is { } hosts ? [.. Csv(hosts).Select(Host)] : [],
            Resources = new()
            {
                MemoryBytes = Number("memory", 1) ?? 0,
                MemorySwapBytes = Number("memswap", -1) ?? 0,
                CpuShares = Number("cpushares", 1) ?? 0,
                CpuPeriod = Number("cpuperiod", 1) ?? 0,
                CpuQuota = Number("cpuquota", 1) ?? 0,
                CpusetCpus = Value("cpusetcpus") ?? "",
                CpusetMems = Value("cpusetmems") ?? "",
            },
            Ulimits = Value("ulimit") is { } ulimits ? [.. Csv(ulimits).Select(Ulimit)] : [],
            ShmSizeBytes = Number("shm-size", 0) ?? 0,
            CgroupParent = Value("cgroup-parent") ?? "",
            Platform = Value("platform"),
            Question = Value("requestid") is { } question
                ? question.StartsWith("frontend.", StringComparison.Ordinal) ? question["frontend.".Length..] : throw Bad($"unsupported request {question}")
                : null,
        };

        string? Value(string key) => attributes.TryGetValue(key, out var value) && value.Length > 0 ? value : null;

        Dictionary<string, string> Those(string prefix) => attributes.Where(p => p.Key.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(p => p.Key[prefix.Length..], p => p.Value, StringComparer.Ordinal);

        long? Number(string key, long least) => Value(key) is not { } text ? null
            : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least ? value
            : throw Bad($"invalid {key} value: {text}");
    }

    private static ErrorException Bad(string message) => EngineErrors.Invalid("build.option", message);

    private static void CheckFrontend(string frontend, IReadOnlyDictionary<string, string> attributes)
    {
        switch (frontend)
        {
            case "dockerfile.v0":
                break;
            case "gateway.v0":
                var source = attributes.GetValueOrDefault("source", "");
                if (!DockerfileSyntax.IsBuiltIn(source))
                {
                    throw new ErrorException(ErrorKind.NotImplemented, "build.frontend", DockerfileSyntax.Refusal(source));
                }

                break;
            case "":
                throw new ErrorException(ErrorKind.NotImplemented, "build.definition", "builds from a definition (LLB) are not supported by this engine: it builds Dockerfiles");
            default:
                throw new ErrorException(ErrorKind.NotFound, "build.frontend", $"frontend: {frontend} not found");
        }
    }

    private static void Refuse(IReadOnlyDictionary<string, string> attributes)
    {
        foreach (var (key, value) in attributes)
        {
            // What a client would like to have if it can be had is not asked for in earnest.
            if (key.StartsWith("attest:", StringComparison.Ordinal) && !value.Contains("inline-only=true", StringComparison.Ordinal) && !value.Contains("disabled=true", StringComparison.Ordinal))
            {
                throw new ErrorException(ErrorKind.NotImplemented, "build.attestation", $"attestations ({key["attest:".Length..]}) are not supported by this engine");
            }
        }

        if (attributes.GetValueOrDefault("platform", "").Contains(',', StringComparison.Ordinal)
            || (bool.TryParse(attributes.GetValueOrDefault("multi-platform"), out var multi) && multi)
            || (bool.TryParse(attributes.GetValueOrDefault(Argument + "BUILDKIT_MULTI_PLATFORM"), out multi) && multi))
        {
            throw new ErrorException(ErrorKind.NotImplemented, "build.platforms", "images of several platforms are not supported by this engine: build one platform at a time");
        }

        if (attributes.GetValueOrDefault("hostname", "").Length > 0 || attributes.GetValueOrDefault(Argument + "BUILDKIT_SANDBOX_HOSTNAME", "").Length > 0)
        {
            throw new ErrorException(ErrorKind.NotImplemented, "build.hostname", "a host name for RUN is not supported by this engine");
        }

        foreach (var capability in attributes.GetValueOrDefault("frontend.caps", "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = capability.Split('+')[0];
            if (!s_capabilities.Contains(name))
            {
                throw new ErrorException(ErrorKind.NotImplemented, "build.capability", $"unsupported frontend capability {name}");
            }
        }
    }

    private static List<string> Caches(IReadOnlyDictionary<string, string> attributes)
    {
        var references = new List<string>();
        if (attributes.GetValueOrDefault("cache-imports") is { Length: > 0 } json)
        {
            try
            {
                using var document = JsonDocument.Parse(json);
                references.AddRange(document.RootElement.EnumerateArray().Where(e => Text(e, "Type") == "registry" && e.TryGetProperty("Attrs", out _))
                    .Select(e => Text(e.GetProperty("Attrs"), "ref")).OfType<string>());
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                throw Bad($"failed to unmarshal cache-imports (\"{json}\"): {e.Message}");
            }
        }

        references.AddRange(attributes.GetValueOrDefault("cache-from", "").Split(',', StringSplitOptions.RemoveEmptyEntries));
        return references;

        static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    private static string Host(string field)
    {
        var (name, address) = field.IndexOf('=', StringComparison.Ordinal) is var equals && equals > 0
            ? (field[..equals], field[(equals + 1)..])
            : throw Bad($"failed to parse additional hosts: invalid key-value pair {field}");
        return System.Net.IPAddress.TryParse(address, out _) ? $"{name}:{address}" : throw Bad($"failed to parse additional hosts: failed to parse IP {address}");
    }

    private static UlimitSpec Ulimit(string field)
    {
        var name = field.Split('=', 2);
        var limits = name.Length == 2 ? name[1].Split(':') : [];
        return limits.Length is 1 or 2 && long.TryParse(limits[0], CultureInfo.InvariantCulture, out var soft) && long.TryParse(limits[^1], CultureInfo.InvariantCulture, out var hard)
            ? new(name[0], soft, hard)
            : throw Bad($"failed to parse ulimit: invalid ulimit argument: {field}");
    }

    /// <summary>Fields of a line of CSV.</summary>
    internal static List<string> Csv(string line)
    {
        var fields = new List<string>();
        for (var at = 0; at <= line.Length;)
        {
            if (at < line.Length && line[at] == '"')
            {
                var field = new System.Text.StringBuilder();
                for (at++; ; at++)
                {
                    if (at >= line.Length)
                    {
                        throw Bad($"\"{line}\" has a quote without an end");
                    }

                    if (line[at] == '"' && (at + 1 >= line.Length || line[++at] != '"'))
                    {
                        break;
                    }

                    _ = field.Append(line[at]);
                }

                fields.Add(field.ToString());
                at = line.IndexOf(',', Math.Min(at, line.Length)) is var comma && comma >= 0 ? comma + 1 : line.Length + 1;
            }
            else
            {
                var end = line.IndexOf(',', at) is var comma && comma >= 0 ? comma : line.Length;
                fields.Add(line[at..end]);
                at = end + 1;
            }
        }

        return fields;
    }
}
