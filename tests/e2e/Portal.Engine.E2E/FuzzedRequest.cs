using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Portal.Engine.E2E;

/// <summary>A request as a client could send it, and then not quite: the same for the same seed and number.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Body">Its body; null for none.</param>
/// <param name="ContentType">What the body says it is.</param>
internal sealed record FuzzedRequest(string Method, string Target, byte[]? Body, string? ContentType)
{
    /// <summary>The container that no request ends, renames or removes.</summary>
    public const string Keeper = "keeper";

    private const string Json = "application/json", Tar = "application/x-tar";

    // The first routes are those of a container's life.
    private const int Lifecycle = 16;

    /// <summary>What every route is about, with what goes into its query, and the body it takes.</summary>
    private static readonly (string Method, string Path, string Query, string? Body)[] s_routes =
    [
        ("POST", "/containers/create", "name,platform", Create), ("POST", "/containers/{own}/start", "detachKeys", null), ("POST", "/containers/{own}/start", "checkpoint", null),
        ("GET", "/containers/json", "all,limit,size,filters", null), ("POST", "/containers/prune", "filters", null), ("GET", "/containers/{any}/json", "size", null),
        ("POST", "/containers/{own}/stop", "t,signal", null), ("POST", "/containers/{own}/restart", "t,signal", null), ("POST", "/containers/{own}/kill", "signal", null),
        ("POST", "/containers/{any}/resize", "h,w", null), ("DELETE", "/containers/{own}", "force,v,link", null), ("POST", "/containers/{own}/pause", "", null),
        ("POST", "/containers/{own}/unpause", "", null), ("POST", "/containers/{own}/rename", "name", null), ("POST", "/containers/{any}/update", "", Update),
        ("GET", "/containers/{any}/top", "ps_args", null), ("GET", "/containers/{any}/logs", "stdout,stderr,follow,since,until,tail,timestamps,details", null),
        ("POST", "/containers/{own}/wait", "condition", null), ("POST", "/containers/{any}/attach", "stream,logs,stdin,stdout,stderr,detachKeys", null),
        ("GET", "/containers/{any}/attach/ws", "stream,stdout", null), ("GET", "/containers/{any}/stats", "stream,one-shot", null), ("GET", "/containers/{any}/changes", "", null),
        ("GET", "/containers/{any}/export", "", null), ("HEAD", "/containers/{any}/archive", "path", null), ("GET", "/containers/{any}/archive", "path", null),
        ("PUT", "/containers/{any}/archive", "path,noOverwriteDirNonDir,copyUIDGID", Tar), ("GET", "/containers/{any}/checkpoints", "", null), ("POST", "/containers/{any}/checkpoints", "", "{}"),
        ("POST", "/containers/{any}/exec", "", Exec), ("POST", "/exec/{exec}/start", "", """{"Detach":true,"Tty":false,"ConsoleSize":[24,80]}"""), ("POST", "/exec/{exec}/resize", "h,w", null), ("GET", "/exec/{exec}/json", "", null),
        ("POST", "/commit", "container,repo,tag,comment,author,pause,changes", Config), ("GET", "/images/json", "all,filters,shared-size,digests,manifests", null),
        ("POST", "/images/create", "fromSrc,repo,tag,message,changes,platform", Tar), ("POST", "/images/load", "quiet,platform", Tar), ("GET", "/images/get", "names", null), ("POST", "/images/prune", "filters", null),
        ("GET", "/images/search", "term,limit,filters", null), ("GET", "/images/{image}/json", "manifests", null), ("GET", "/images/{image}/history", "", null), ("GET", "/images/{image}/get", "", null),
        ("POST", "/images/{image}/tag", "repo,tag", null), ("POST", "/images/{none}/push", "tag", null), ("DELETE", "/images/{copy}", "force,noprune", null), ("GET", "/distribution/{none}/json", "", null),
        ("GET", "/networks", "filters", null), ("POST", "/networks/create", "", """{"Name":"n","Driver":"bridge","Options":{},"Labels":{}}"""), ("POST", "/networks/prune", "filters", null), ("GET", "/networks/{network}", "scope,verbose", null),
        ("DELETE", "/networks/{network}", "", null), ("POST", "/networks/{network}/connect", "", """{"Container":"keeper","EndpointConfig":{}}"""), ("POST", "/networks/{network}/disconnect", "", """{"Container":"nobody","Force":true}"""),
        ("GET", "/volumes", "filters", null), ("POST", "/volumes/create", "", """{"Name":"vol","Driver":"local","DriverOpts":{},"Labels":{"a":"b"}}"""), ("POST", "/volumes/prune", "filters", null), ("GET", "/volumes/{volume}", "", null),
        ("PUT", "/volumes/{volume}", "version", "{}"), ("DELETE", "/volumes/{volume}", "force", null), ("GET", "/system/df", "type", null), ("GET", "/events", "since,until,filters", null), ("GET", "/info", "", null), ("GET", "/version", "", null),
        ("GET", "/_ping", "", null), ("HEAD", "/_ping", "", null), ("GET", "/plugins", "", null), ("POST", "/auth", "", """{"username":"u","password":"p","serveraddress":"127.0.0.1:1"}"""), ("POST", "/build/prune", "filters,all,keep-storage", null),
        ("POST", "/session", "", null), ("POST", "/grpc", "", null), ("POST", "/swarm/init", "", """{"ListenAddr":"127.0.0.1:1"}"""), ("POST", "/swarm/join", "", "{}"), ("POST", "/swarm/leave", "force", null), ("GET", "/swarm", "", null),
        ("GET", "/services/{own}", "", null), ("POST", "/secrets/create", "", "{}"), ("GET", "/control/v1/host", "", null), ("GET", "/control/v1/stats", "", null),
    ];

    private const string Config =
        """{"Hostname":"h","Domainname":"d","User":"1:1","AttachStdin":false,"AttachStdout":true,"ExposedPorts":{"80/tcp":{}},"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":["A=b","C"],"Cmd":["true"],"Volumes":{"/v":{}},"WorkingDir":"/tmp","Entrypoint":[],"Labels":{"a":"b"},"StopSignal":"TERM","StopTimeout":1,"OnBuild":[],"Shell":["sh"],"Healthcheck":{"Test":["CMD","true"],"Interval":1000000000,"Timeout":1000000000,"Retries":3,"StartPeriod":0,"StartInterval":0}}""";

    private const string Resources =
        """{"Memory":33554432,"MemorySwap":-1,"MemoryReservation":16777216,"MemorySwappiness":5,"NanoCpus":0,"CpuShares":512,"CpuPeriod":100000,"CpuQuota":50000,"CpuRealtimePeriod":0,"CpuRealtimeRuntime":0,"CpusetCpus":"0","CpusetMems":"0","PidsLimit":100,"BlkioWeight":0,"KernelMemoryTCP":0,"OomKillDisable":false,"RestartPolicy":{"Name":"no","MaximumRetryCount":0}}""";

    private const string Host =
        """{"Binds":["vol:/data:ro"],"LogConfig":{"Type":"json-file","Config":{"max-size":"1m","max-file":"2"}},"NetworkMode":"none","PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":""}]},"AutoRemove":false,"VolumesFrom":[],"CapAdd":["SYS_TIME"],"CapDrop":["MKNOD"],"CgroupnsMode":"private","Dns":["1.1.1.1"],"DnsOptions":["ndots:1"],"DnsSearch":["x.test"],"ExtraHosts":["a:1.2.3.4"],"GroupAdd":["5"],"IpcMode":"private","OomScoreAdj":100,"PidMode":"","Privileged":false,"ReadonlyRootfs":true,"SecurityOpt":["no-new-privileges"],"Tmpfs":{"/t":"size=1m"},"UTSMode":"","UsernsMode":"","ShmSize":1048576,"Sysctls":{"net.ipv4.ip_forward":"1"},"Runtime":"","Annotations":{"com.example.a":"b"},"Devices":[{"PathOnHost":"/dev/null","PathInContainer":"/dev/n","CgroupPermissions":"rwm"}],"DeviceCgroupRules":["c 1:3 r"],"DeviceRequests":[],"Ulimits":[{"Name":"nofile","Soft":100,"Hard":200}],"Mounts":[{"Type":"volume","Source":"vol2","Target":"/m","ReadOnly":true,"VolumeOptions":{"NoCopy":true,"Labels":{"a":"b"}}},{"Type":"tmpfs","Target":"/tt","TmpfsOptions":{"SizeBytes":65536,"Mode":511}}],"MaskedPaths":["/proc/kcore"],"ReadonlyPaths":["/proc/sys"],"Init":false,"StorageOpt":{},"ConsoleSize":[0,0],"Isolation":"","CgroupParent":""}""";

    private const string Create = "create", Update = Resources;

    private const string Exec = """{"AttachStdin":false,"AttachStdout":true,"AttachStderr":true,"DetachKeys":"ctrl-p","Tty":false,"Env":["A=b"],"Cmd":["true"],"Privileged":false,"User":"0","WorkingDir":"/","ConsoleSize":[24,80]}""";

    private static readonly string[] s_texts =
    [
        "", " ", ".", "..", "/", "//", "../../../etc/passwd", "%2e%2e%2f", "a\nb", "a\0b", "\u202Egnp", "\uFEFFx", "😀", "ﾊ", "-1", "0", "null", "true", "[]", "{}", "$(id)", "';--", "{{.}}", "busybox", Keeper, "own1", "host", "none", "default",
        "container:keeper", "container:", "container:own1", "private", "shareable", "unconfined", "seccomp={}", "seccomp=unconfined", "no-new-privileges:1", "apparmor=x", "label=x", "all", "ALL", "CAP_NOPE", "ctrl-", "ctrl-a,b", "18446744073709551616",
        "4294967296", "80-90", "80-90/udp", "65536/tcp", "1e400", "0x10", "1.5", "10m", "99999999999999h", "2020-01-01T00:00:00Z", "*", "**", "[", "(a+)+$", "(((a{99}){99}){99})", "size=1", "size=1,exec", "rw,suid", "/dev/null", "/dev/nope", "/proc",
        "/proc/self/fd/3", "/sys", "/a:/b", "/nope-here:/b:ro,z,Z", "vol:/data:nocopy", "RTMIN+3", "SIGKILL", "KILL", "on-failure", "always", "unless-stopped", "json-file", "local", "journald", "crun", "runc", "nope", "sha256:" + "00",
        "net.ipv4.ip_forward", "kernel.msgmax", "kernel.panic", "com.docker.x", "run.oci.handler", "a=b", "=", "A=", "until", "label", "dangling", "name", "status", "127.0.0.1", "::1", "999.1.1.1", "0-1", "0-99999999999", "1-0", "linux/amd64", "windows",
    ];

    private static readonly decimal[] s_numbers =
    [
        0, 1, -1, 2, -2, 5, -5, 100, 1000, 6 * 1024 * 1024 - 1, 65535, 65536, int.MaxValue, int.MinValue, 1m + int.MaxValue, 4294967296, 9007199254740993, long.MaxValue, long.MinValue, 1m + long.MaxValue, 0.5m,
    ];

    private static readonly (string Path, string Keys)[] s_filters =
    [
        ("/containers/json", "ancestor,before,expose,exited,health,id,is-task,isolation,label,name,network,publish,since,status,volume"), ("/containers/prune", "label,label!,until"),
        ("/images/json", "before,dangling,label,reference,since,until"), ("/images/prune", "dangling,label,label!,until"), ("/networks", "dangling,driver,id,label,name,scope,type"),
        ("/volumes/prune", "all,label,label!"), ("/volumes", "dangling,driver,label,name"), ("/events", "container,daemon,event,image,label,network,scope,type,volume"), ("", "nope"),
    ];

    /// <summary>The request of a number.</summary>
    /// <param name="seed">Tells one run of numbers from another.</param>
    /// <param name="number">Which of them.</param>
    /// <param name="execs">Execs that there are.</param>
    /// <param name="archive">A tar archive.</param>
    public static FuzzedRequest Make(int seed, int number, IReadOnlyList<string> execs, byte[] archive)
    {
        var random = new Random((seed * 1_000_003) + number);

        // Much of what can be said is said at creation.
        var (method, path, query, template) = s_routes[random.Next(4) switch { 0 => 0, 1 => random.Next(1, Lifecycle), _ => random.Next(s_routes.Length) }];
        var target = (random.Next(20) switch { 0 => "/v1.24", 1 => "/v1.41", 2 => "/v1.51", 3 => "/v" + Uri.EscapeDataString(Text(random)), _ => "" }) + Name(path, execs, random) + Query(path, query, random);
        byte[]? body = template is null ? (random.Next(10) == 0 ? Encoding.UTF8.GetBytes(Value(random)?.ToJsonString() ?? "null") : null)
            : template == Tar ? Damaged(archive, random)
            : Bytes(template == Create ? CreateBody() : JsonNode.Parse(template)!, random);
        var type = random.Next(40) == 0 ? "text/plain" : template == Tar ? Tar : Json;
        return new(method, target, body, body is null ? null : type);
    }

    public HttpRequestMessage ToMessage()
    {
        // The target goes out as it is written here: what the framework would tidy up is what is to be tried.
        var message = new HttpRequestMessage(new(Method), new Uri("http://engine" + Target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (Body is not null)
        {
            message.Content = new ByteArrayContent(Body);
            message.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(ContentType!);
        }

        return message;
    }

    public override string ToString() => $"{Method} {Target} {ContentType} {(Body is null ? "" : Encoding.UTF8.GetString(Body))}";

    private static JsonObject CreateBody()
    {
        var body = JsonNode.Parse(Config)!.AsObject();
        body["Image"] = "busybox";
        var host = JsonNode.Parse(Host)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(Resources)!.AsObject())
        {
            host[name] = value?.DeepClone();
        }

        body["HostConfig"] = host;
        body["NetworkingConfig"] = new JsonObject { ["EndpointsConfig"] = new JsonObject() };
        return body;
    }

    private static string Name(string path, IReadOnlyList<string> execs, Random random)
    {
        var hostile = random.Next(12) == 0;
        return path
            .Replace("{own}", hostile ? Uri.EscapeDataString(NoKeeper(Text(random))) : "own" + random.Next(1, 4), StringComparison.Ordinal)
            .Replace("{any}", hostile ? Uri.EscapeDataString(Text(random)) : random.Next(2) == 0 ? Keeper : "own" + random.Next(1, 4), StringComparison.Ordinal)
            .Replace("{exec}", hostile || execs.Count == 0 ? Uri.EscapeDataString(Text(random)) : execs[random.Next(execs.Count)], StringComparison.Ordinal)
            .Replace("{image}", hostile ? Uri.EscapeDataString(Text(random)) : "busybox", StringComparison.Ordinal)
            .Replace("{copy}", "copy" + random.Next(1, 4), StringComparison.Ordinal)
            .Replace("{none}", "127.0.0.1:1/none", StringComparison.Ordinal)
            .Replace("{network}", hostile ? Uri.EscapeDataString(Text(random)) : "bridge", StringComparison.Ordinal)
            .Replace("{volume}", hostile ? Uri.EscapeDataString(Text(random)) : "vol", StringComparison.Ordinal);
    }

    private static string Query(string path, string names, Random random)
    {
        var parts = new List<string>();
        foreach (var name in names.Split(',', StringSplitOptions.RemoveEmptyEntries).Where(_ => random.Next(3) > 0))
        {
            for (var times = random.Next(15) == 0 ? 2 : 1; times > 0; times--)
            {
                parts.Add($"{name}={Uri.EscapeDataString(QueryValue(path, name, random))}");
            }
        }

        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);
    }

    private static string QueryValue(string path, string name, Random random)
    {
        if (random.Next(10) == 0)
        {
            return Text(random);
        }

        return name switch
        {
            "name" => "own" + random.Next(1, 4),
            "repo" => "copy" + random.Next(1, 4),
            "container" => random.Next(2) == 0 ? Keeper : "own" + random.Next(1, 4),
            "names" => "busybox",
            "path" => random.Next(2) == 0 ? "/tmp" : "/etc/passwd",
            "fromSrc" => "-",
            "filters" => Filters(path, random),
            "platform" or "checkpoint" or "link" => "",
            "condition" => random.Next(3) switch { 0 => "not-running", 1 => "next-exit", _ => "removed" },
            "ps_args" => random.Next(2) == 0 ? "-ef" : "aux",
            "h" or "w" when random.Next(2) == 0 => "24",
            "changes" => random.Next(2) == 0 ? "CMD [\"true\"]" : "ENV " + Text(random),
            "t" => random.Next(2) == 0 ? "0" : Number(random),
            "signal" => "KILL",
            "limit" or "h" or "w" or "tail" or "since" or "until" or "keep-storage" => Number(random),
            "type" => "image",
            _ => random.Next(2).ToString(CultureInfo.InvariantCulture),
        };
    }

    private static string Filters(string path, Random random)
    {
        var filters = new JsonObject();
        var keys = s_filters.First(known => path.StartsWith(known.Path, StringComparison.Ordinal)).Keys.Split(',');
        for (var i = random.Next(3); i >= 0; i--)
        {
            filters[keys[random.Next(keys.Length)]] = random.Next(4) switch
            {
                0 => new JsonObject { [Text(random)] = true },
                1 => Value(random),
                _ => new JsonArray(Text(random), Text(random)),
            };
        }

        return filters.ToJsonString();
    }

    private static byte[] Bytes(JsonNode body, Random random)
    {
        for (var times = random.Next(4); times > 0; times--)
        {
            Mutate(body, random);
        }

        var bytes = Encoding.UTF8.GetBytes(body.ToJsonString());
        return random.Next(24) switch
        {
            0 => bytes[..random.Next(bytes.Length)],
            1 => Damaged(bytes, random),
            2 => [.. bytes, .. "{}"u8],
            3 => Encoding.UTF8.GetBytes(body.ToJsonString().Replace("\"a\"", "\"\\ud800\"", StringComparison.Ordinal)),
            _ => bytes,
        };
    }

    /// <summary>Changes one place of the tree.</summary>
    private static void Mutate(JsonNode root, Random random)
    {
        var places = new List<JsonNode>();
        Collect(root, places);
        switch (places[random.Next(places.Count)])
        {
            case JsonObject { Count: > 0 } parent:
                var name = parent.ElementAt(random.Next(parent.Count)).Key;
                switch (random.Next(6))
                {
                    case 0:
                        parent.Remove(name);
                        break;
                    case 1:
                        parent[Text(random)] = parent[name]?.DeepClone();
                        break;
                    default:
                        parent[name] = Like(parent[name], random);
                        break;
                }

                break;
            case JsonArray { Count: > 0 } list:
                switch (random.Next(3))
                {
                    case 0:
                        list.Add(list[0]?.DeepClone());
                        break;
                    default:
                        list[random.Next(list.Count)] = Like(list[0], random);
                        break;
                }

                break;
            case JsonArray list:
                list.Add(Value(random));
                break;
            case JsonObject empty:
                empty[Text(random)] = Value(random);
                break;
        }
    }

    private static void Collect(JsonNode node, List<JsonNode> places)
    {
        places.Add(node);
        foreach (var child in node is JsonObject parent ? parent.Select(pair => pair.Value) : (IEnumerable<JsonNode?>)node.AsArray())
        {
            if (child is JsonObject or JsonArray)
            {
                Collect(child, places);
            }
        }
    }

    /// <summary>Mostly another value of the same type: one of another is refused at the door.</summary>
    private static JsonNode? Like(JsonNode? old, Random random) => random.Next(12) == 0 ? Value(random) : old?.GetValueKind() switch
    {
        System.Text.Json.JsonValueKind.String => Text(random),
        System.Text.Json.JsonValueKind.Number => s_numbers[random.Next(s_numbers.Length)],
        System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False => random.Next(2) == 0,
        System.Text.Json.JsonValueKind.Array => new JsonArray(Text(random)),
        System.Text.Json.JsonValueKind.Object => new JsonObject { [Text(random)] = old.AsObject().FirstOrDefault().Value?.DeepClone() ?? Text(random) },
        _ => Value(random),
    };

    private static JsonNode? Value(Random random) => random.Next(8) switch
    {
        0 => null,
        1 => s_numbers[random.Next(s_numbers.Length)],
        2 => random.Next(2) == 0,
        3 => new JsonArray(null, Text(random)),
        4 => new JsonObject { [Text(random)] = Text(random) },
        5 => new JsonArray(new JsonArray(Text(random)), new JsonObject()),
        _ => Text(random),
    };

    private static string Text(Random random) => random.Next(60) switch
    {
        0 => new string('a', 5000),
        1 => string.Concat(Enumerable.Repeat("../", 1000)),
        2 => Number(random),
        _ => s_texts[random.Next(s_texts.Length)],
    };

    private static string NoKeeper(string text) => text.Contains(Keeper, StringComparison.Ordinal) ? "nobody" : text;

    private static string Number(Random random) => s_numbers[random.Next(s_numbers.Length)].ToString(CultureInfo.InvariantCulture);

    private static byte[] Damaged(byte[] bytes, Random random)
    {
        var copy = bytes.ToArray();
        for (var times = random.Next(5); times > 0 && copy.Length > 0; times--)
        {
            copy[random.Next(Math.Min(copy.Length, 2048))] = (byte)random.Next(256);
        }

        return random.Next(4) == 0 ? copy[..random.Next(copy.Length)] : copy;
    }
}
