using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Portal.Agent.EngineApi.Filters;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Cache;
using Portal.Runtime.Registries;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>Builds, between the wire and the runtime.</summary>
internal static class BuildMapping
{
    private static readonly NoContext s_none = new();

    /// <summary>What a classic build asks for; its context is still to come.</summary>
    /// <exception cref="ErrorException">400 or 501.</exception>
    public static BuildRequest Read(EngineRequest request)
    {
        if (request.Flag("squash"))
        {
            throw EngineErrors.Invalid("build.squash", "squash is only supported with experimental mode: this engine does not squash layers, use a multi-stage build instead");
        }

        if (request.Query("outputs") is not null)
        {
            throw EngineErrors.Invalid("build.outputs", "outputs are not supported by the classic builder");
        }

        if (request.QueryAll("securityopt").Count > 0)
        {
            throw EngineErrors.Invalid("build.security", "The daemon on this platform does not support setting security options on build");
        }

        return new()
        {
            Context = s_none,
            Dockerfile = request.Query("dockerfile") ?? "Dockerfile",
            Target = request.Query("target"),
            Arguments = Arguments(request.Query("buildargs")),
            Labels = Parse(request, "labels", EngineJson.Default.DictionaryStringString) ?? [],
            Tags = request.QueryAll("t"),
            NoCache = request.Flag("nocache"),
            Pull = request.Flag("pull"),
            CacheFrom = Parse(request, "cachefrom", EngineJson.Default.ListString) ?? [],
            Network = request.Query("networkmode") ?? "default",
            ExtraHosts = request.QueryAll("extrahosts"),
            Resources = new()
            {
                MemoryBytes = Whole(request, "memory"),
                MemorySwapBytes = Whole(request, "memswap"),
                CpuShares = Whole(request, "cpushares"),
                CpuPeriod = Whole(request, "cpuperiod"),
                CpuQuota = Whole(request, "cpuquota"),
                CpusetCpus = request.Query("cpusetcpus") ?? "",
                CpusetMems = request.Query("cpusetmems") ?? "",
            },
            Ulimits = [.. (Parse(request, "ulimits", EngineJson.Default.ListUlimitItem) ?? []).Select(limit => new UlimitSpec(limit.Name ?? "", limit.Soft, limit.Hard))],
            ShmSizeBytes = Whole(request, "shmsize"),
            CgroupParent = request.Query("cgroupparent") ?? "",
            Platform = request.Query("platform"),
            KeepContainers = !request.Flag("rm", otherwise: true) && !request.Flag("forcerm"),
            Credentials = Credentials(request.Http.Request.Headers["X-Registry-Config"].ToString()),
        };
    }

    public static BuildCacheItem Show(BuildCacheRecord record) => new()
    {
        Id = record.Id,
        Parent = record.Parents.Count == 0 ? null : record.Parents[0],
        Parents = record.Parents.Count == 0 ? null : [.. record.Parents],
        Type = record.Kind,
        Description = record.Description,
        InUse = record.InUse,
        Shared = record.Shared,
        Size = record.SizeBytes,
        CreatedAt = record.Created,
        LastUsedAt = record.LastUsed,
        UsageCount = record.Uses,
    };

    /// <summary>Ids of the records that filters mean.</summary>
    public static IReadOnlyList<string> Select(IReadOnlyList<BuildCacheRecord> records, EngineFilters filters) =>
    [
        .. records.Where(record =>
            filters.Any("id", id => record.Id.StartsWith(id, StringComparison.Ordinal))
            && filters.Any("parent", parent => record.Parents.Any(own => own.StartsWith(parent, StringComparison.Ordinal)))
            && filters.Any("type", type => record.Kind == type)
            && filters.Any("description", text => record.Description.Contains(text, StringComparison.OrdinalIgnoreCase))
            && (filters.Boolean("inuse") is not { } inUse || record.InUse == inUse)
            && (filters.Boolean("shared") is not { } shared || record.Shared == shared)
            && (filters.Boolean("private") is not { } own || record.Shared != own)).Select(record => record.Id),
    ];

    /// <summary>How much a prune leaves. <c>keep-storage</c> is what the reserved space was called before API 1.48.</summary>
    public static CacheBounds Bounds(EngineRequest request) =>
        new(Math.Max(Whole(request, "reserved-space"), Whole(request, "keep-storage")), Whole(request, "max-used-space"), Whole(request, "min-free-space"));

    /// <summary>For how long a record must not have been used; null for no matter.</summary>
    public static TimeSpan? UnusedFor(EngineFilters filters, DateTimeOffset now) =>
        filters.Values("unused-for") is [var unused, ..] ? EngineTime.TryParseDuration(unused) ?? throw EngineErrors.Invalid("api.filters", $"invalid filter 'unused-for={unused}'")
        : filters.Values("until") is [var until, ..] ? now - EngineTime.ParseUntil(until, now)
        : null;

    private static long Whole(EngineRequest request, string name) => request.Query(name) is not { } text ? 0
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value
        : throw EngineErrors.Invalid("api.query", $"invalid value for {name}: \"{text}\" is not a whole number");

    private static T? Parse<T>(EngineRequest request, string name, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return request.Query(name) is { } json ? JsonSerializer.Deserialize(json, type) : null;
        }
        catch (JsonException e)
        {
            throw EngineErrors.Invalid("build." + name, $"error reading {name}: {e.Message}");
        }
    }

    /// <summary>A null takes what the Dockerfile says.</summary>
    private static Dictionary<string, string?> Arguments(string? json)
    {
        try
        {
            return json is null ? [] : (JsonSerializer.Deserialize(json, EngineJson.Default.DictionaryStringString) ?? []).ToDictionary(pair => pair.Key, string? (pair) => pair.Value, StringComparer.Ordinal);
        }
        catch (JsonException e)
        {
            throw EngineErrors.Invalid("build.buildargs", $"error reading build args: {e.Message}");
        }
    }

    /// <summary>Who the build is to registries. What cannot be read is nobody: a build may need no registry at all.</summary>
    private static RegistryLogins? Credentials(string header)
    {
        if (header.Length == 0)
        {
            return null;
        }

        try
        {
            var text = header.Replace('-', '+').Replace('_', '/').TrimEnd('=');
            var json = Convert.FromBase64String(text + new string('=', (4 - (text.Length % 4)) % 4));
            return new(JsonSerializer.Deserialize(json, EngineJson.Default.DictionaryStringRegistryConfigItem) ?? []);
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }

    private sealed class RegistryLogins(Dictionary<string, RegistryConfigItem> logins) : IRegistryCredentials
    {
        private readonly Dictionary<string, RegistryCredential> _logins = logins.GroupBy(login => HostOf(login.Key), StringComparer.OrdinalIgnoreCase).ToDictionary(group => group.Key, group => Read(group.First().Value), StringComparer.OrdinalIgnoreCase);

        public Task<RegistryCredential?> ForAsync(string registry, CancellationToken ct) => Task.FromResult(_logins.GetValueOrDefault(HostOf(registry)));

        /// <summary>Logins are stored under addresses of many forms.</summary>
        private static string HostOf(string registry)
        {
            var scheme = registry.IndexOf("://", StringComparison.Ordinal);
            var host = (scheme < 0 ? registry : registry[(scheme + 3)..]).Split('/')[0];
            return host is "index.docker.io" or "registry-1.docker.io" ? "docker.io" : host;
        }

        private static RegistryCredential Read(RegistryConfigItem item)
        {
            var (user, password) = (item.UserName ?? "", item.Password ?? "");
            if (user.Length == 0 && item.Auth is { Length: > 0 } auth)
            {
                var pair = new byte[auth.Length];
                if (Convert.TryFromBase64String(auth, pair, out var length) && Encoding.UTF8.GetString(pair, 0, length).Split(':', 2) is [var name, var secret])
                {
                    (user, password) = (name, secret.TrimEnd('\0'));
                }
            }

            return new(user, password, item.IdentityToken ?? "", item.RegistryToken ?? "");
        }
    }

    /// <summary>In the place of a context that is still to come.</summary>
    private sealed class NoContext : IBuildSource
    {
        public Task<IBuildTree> OpenAsync(BuildFilter filter, IBuildProgress progress, CancellationToken ct) => throw new InvalidOperationException("The context was not received.");
    }
}
