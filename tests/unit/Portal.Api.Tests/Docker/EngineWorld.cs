using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Tests.Access;
using Portal.Api.Tests.Adapters.Hosts;
using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Docker;

/// <summary>A portal before an engine that keeps what it is told, on a unix socket.</summary>
public sealed class EngineWorld : IAsyncLifetime
{
    private const string None = """{"message":"no such thing"}""";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, JsonObject> _containers = [], _networks = [], _volumes = [];
    private readonly Dictionary<string, (int Status, string Body)> _answers = [];
    private readonly Dictionary<string, HttpClient> _clients = [];
    private FakeEngineSocket _engine = null!;

    internal PortalHost Portal { get; private set; } = null!;

    internal IHostAccess Access => Portal.Services.GetRequiredService<IHostAccess>();

    /// <summary>What reached the engine, as <c>POST /containers/create?name=x</c>.</summary>
    internal IReadOnlyList<string> Requests => [.. _engine.Requests];

    /// <summary>The last body that reached the engine.</summary>
    internal string Body { get; private set; } = "";

    /// <summary>Runs while the engine makes something, before it answers.</summary>
    internal Action? BeforeAnswer { get; set; }

    public async ValueTask InitializeAsync()
    {
        _engine = await FakeEngineSocket.StartAsync(AnswerAsync);
        Portal = new PortalHost { AgentSocket = _engine.Path };
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }

        await Portal.DisposeAsync();
        await _engine.DisposeAsync();
    }

    /// <summary>Ends the engine.</summary>
    internal Task StopAsync() => _engine.StopAsync();

    /// <summary>What the engine says to a request instead.</summary>
    internal void Answer(string request, int status, string body) => _answers[request] = (status, body);

    /// <summary>Puts a container there.</summary>
    /// <returns>Its id.</returns>
    internal string Add(string name, string labels = "{}", string hostConfig = "{}", string mounts = "[]", ContainerState state = ContainerState.Running, string image = "busybox", string? network = null, ContainerId? id = null)
    {
        var view = FakeEngine.Container(name, state, id) with
        {
            Image = image, Networks = network is null ? [] : [network],
            Labels = JsonNode.Parse(labels)!.AsObject().ToDictionary(label => label.Key, label => label.Value!.GetValue<string>()),
        };
        Keep(view, labels, hostConfig, mounts);
        return view.Id.Value;
    }

    /// <summary>Takes everything away.</summary>
    internal void Clear()
    {
        lock (_gate)
        {
            foreach (var id in _containers.Keys)
            {
                Portal.Engine.Take(ContainerId.Parse(id, null));
            }

            _containers.Clear();
            _networks.Clear();
            _volumes.Clear();
            _engine.Requests.Clear();
        }
    }

    /// <summary>Puts a network there.</summary>
    internal void AddNetwork(string name, string driver = "bridge", string labels = "{}") => _networks[name] = JsonNode.Parse(
        $$"""{"Name":"{{name}}","Id":"id-{{name}}","Driver":"{{driver}}","Created":"2026-01-0{{_networks.Count + 1}}T00:00:00Z","Scope":"local","IPAM":{"Config":[{"Subnet":"10.1.0.0/16"}]},"Options":{},"Labels":{{labels}} ,"Containers":{} }""")!.AsObject();

    /// <summary>Puts a volume there.</summary>
    internal void AddVolume(string name, string labels = "{}", string options = "null") => _volumes[name] = JsonNode.Parse(
        $$"""{"Name":"{{name}}","Driver":"local","CreatedAt":"2026-01-0{{_volumes.Count + 1}}T00:00:00Z","Mountpoint":"/v/{{name}}","Scope":"local","Options":{{options}},"Labels":{{labels}} }""")!.AsObject();

    /// <summary>Somebody with a built-in role over a scope.</summary>
    internal async Task<HttpClient> ClientAsync(Role role, string scope = "host:local", string? name = null)
    {
        name ??= $"{role.Name.ToLowerInvariant()}-{scope.GetHashCode(StringComparison.Ordinal):x}";
        if (_clients.TryGetValue(name, out var known))
        {
            return known;
        }

        using var root = await Portal.SignedInAsync(BuiltInRoles.Administrator);
        var id = (await root.CallAsync("POST", "/users", new { name, password = PortalHost.Password })).Id;
        Assert.Equal(System.Net.HttpStatusCode.Created, (await root.CallAsync("POST", "/grants", new { subjectKind = "user", subjectId = id, role = role.Name, scope })).Status);
        var client = Portal.Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await Portal.TokenAsync(name));
        return _clients[name] = client;
    }

    private void Keep(ContainerView view, string labels, string hostConfig, string mounts)
    {
        lock (_gate)
        {
            _containers[view.Id.Value] = JsonNode.Parse(
                $$"""{"Id":"{{view.Id}}","Name":"/{{view.Name}}","State":{"Status":"{{view.State.ToString().ToLowerInvariant()}}"},"Config":{"Image":"{{view.Image}}","Labels":{{labels}} },"HostConfig":{{hostConfig}},"Mounts":{{mounts}},"NetworkSettings":{"Networks":{ } } }""")!.AsObject();
        }

        _ = Portal.Engine.Put(view);
        Portal.Engine.Tell(view.Id);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var text = await reader.ReadToEndAsync();
        if (text.Length > 0)
        {
            Body = text;
        }

        var key = $"{context.Request.Method} {context.Request.Path}";
        var (status, body) = _answers.TryGetValue(key, out var said) ? said : Do(context.Request.Method, context.Request.Path.Value!.Split('/')[1..], context.Request.Query, text);
        BeforeAnswer?.Invoke();
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        if (body.Length > 0)
        {
            await context.Response.WriteAsync(body);
        }
    }

    private (int Status, string Body) Do(string method, string[] path, IQueryCollection query, string body) => (method, path) switch
    {
        ("POST", ["containers", "create"]) => Create(query["name"].ToString(), JsonNode.Parse(body)!.AsObject()),
        ("POST", ["containers", "prune"]) => Prune(),
        ("GET", ["containers", var name, "json"]) => Find(name) is { } found ? (200, found.ToJsonString()) : (404, None),
        ("POST", ["containers", var name, "update"]) when Find(name) is { } found => Update(found, JsonNode.Parse(body)!.AsObject()),
        ("GET", ["containers", var name, "logs"]) when Find(name) is not null => (200, ""),
        ("GET", ["containers", var name, "top"]) when Find(name) is not null => (200, """{"Titles":["PID","CMD"],"Processes":[["1","sh"]]}"""),
        ("GET", ["containers", var name, "changes"]) when Find(name) is not null => (200, """[{"Path":"/b","Kind":1},{"Path":"/a","Kind":0},{"Path":"/c","Kind":2}]"""),
        ("GET", ["containers", var name, "archive"]) when Find(name) is not null => (200, "an archive"),
        ("PUT", ["containers", var name, "archive"]) when Find(name) is not null => (200, ""),
        ("POST", ["containers", var name, _]) => Find(name) is null ? (404, None) : (204, ""),
        ("DELETE", ["containers", var name]) => Find(name) is { } found && Remove(found) ? (204, "") : (404, None),
        ("GET", ["images", "busybox" or "busybox:latest" or "sha256:b", "json"]) => (200, """{"Id":"sha256:b","RepoTags":["busybox:latest"],"RepoDigests":[],"Created":"2026-01-01T00:00:00Z","Size":7,"Architecture":"amd64","Os":"linux","Config":{}}"""),
        ("GET", ["images", "busybox" or "busybox:latest" or "sha256:b", "history"]) => (200, """[{"Id":"sha256:b","Created":1,"CreatedBy":"COPY","Size":7,"Comment":"","Tags":["busybox:latest"]}]"""),
        ("GET", ["images", "json"]) => (200, """[{"Id":"sha256:b","RepoTags":["busybox:latest"],"RepoDigests":[],"Created":1,"Size":7,"Labels":{},"Containers":-1,"SharedSize":-1,"ParentId":""}]"""),
        ("GET", ["images", "search"]) => (200, """[{"name":"busybox","description":"small","star_count":3,"is_official":true}]"""),
        ("GET", ["images", _, "get"]) => (200, "an archive"),
        ("POST", ["images", "prune"]) => (200, """{"ImagesDeleted":[{"Deleted":"sha256:c"}],"SpaceReclaimed":7}"""),
        ("POST", ["images", "create" or "load"] or ["build"]) => (200, """{"status":"done"}"""),
        ("POST", ["build", "prune"]) => (200, """{"CachesDeleted":["c1"],"SpaceReclaimed":7}"""),
        ("POST", ["images", "busybox", "push"]) => (200, """{"status":"done"}"""),
        ("POST", ["images", "busybox" or "busybox:latest", "tag"]) => (201, ""),
        ("DELETE", ["images", "busybox" or "busybox:latest" or "sha256:b"]) => (200, """[{"Deleted":"sha256:b"}]"""),
        ("POST", ["auth"]) => (200, """{"Status":"Login Succeeded"}"""),
        ("GET", ["networks"]) => (200, new JsonArray([.. _networks.Values.Select(network => network.DeepClone())]).ToJsonString()),
        ("POST", ["networks", "create"]) => (201, """{"Id":"new","Warning":"careful"}"""),
        ("POST", ["networks", "prune"]) => (200, """{"NetworksDeleted":["old"]}"""),
        ("GET", ["networks", var name]) => Network(name) is { } found ? (200, found.ToJsonString()) : (404, None),
        ("POST", ["networks", var name, _]) => Network(name) is null ? (404, None) : (200, ""),
        ("DELETE", ["networks", var name]) => Network(name) is null ? (404, None) : (204, ""),
        ("GET", ["volumes"]) => (200, new JsonObject { ["Volumes"] = new JsonArray([.. _volumes.Values.Select(volume => volume.DeepClone())]) }.ToJsonString()),
        ("POST", ["volumes", "create"]) => CreateVolume(JsonNode.Parse(body)!.AsObject()),
        ("POST", ["volumes", "prune"]) => (200, """{"VolumesDeleted":["data"],"SpaceReclaimed":7}"""),
        ("GET", ["volumes", var name]) => _volumes.TryGetValue(name, out var found) ? (200, found.ToJsonString()) : (404, None),
        ("DELETE", ["volumes", var name]) => _volumes.Remove(name) ? (204, "") : (404, None),
        ("GET", ["info"]) => (200, """{"ServerVersion":"9","Driver":"overlay2","NCPU":4,"Runtimes":{"crun":{},"kata":{}},"SecurityOptions":["name=seccomp"]}"""),
        _ => (404, None),
    };

    private (int Status, string Body) Create(string name, JsonObject body)
    {
        lock (_gate)
        {
            if (_containers.Values.Any(container => container["Name"]!.GetValue<string>() == "/" + name))
            {
                return (409, """{"message":"the name is in use"}""");
            }
        }

        var labels = body["Labels"]?.ToJsonString() ?? "{}";
        var view = FakeEngine.Container(name.Length > 0 ? name : "some", ContainerState.Created);
        Keep(view with { Labels = JsonNode.Parse(labels)!.AsObject().ToDictionary(label => label.Key, label => label.Value!.GetValue<string>()) }, labels, body["HostConfig"]?.ToJsonString() ?? "{}", "[]");
        return (201, $$"""{"Id":"{{view.Id}}","Warnings":["careful"]}""");
    }

    private static (int Status, string Body) Update(JsonObject container, JsonObject body)
    {
        foreach (var name in (string[])["Memory", "NanoCpus", "RestartPolicy"])
        {
            if (body[name] is { } value && value.ToJsonString() != "0")
            {
                container["HostConfig"]![name] = value.DeepClone();
            }
        }

        return (200, """{"Warnings":[]}""");
    }

    private (int Status, string Body) CreateVolume(JsonObject body)
    {
        var name = body["Name"]?.GetValue<string>() ?? "made-up";
        if (!_volumes.ContainsKey(name))
        {
            AddVolume(name, body["Labels"]?.ToJsonString() ?? "{}", body["DriverOpts"]?.ToJsonString() ?? "null");
        }

        return (201, _volumes[name].ToJsonString());
    }

    private (int Status, string Body) Prune()
    {
        lock (_gate)
        {
            var gone = _containers.Where(container => container.Value["State"]!["Status"]!.GetValue<string>() != "running").Select(container => container.Key).ToArray();
            foreach (var id in gone)
            {
                _ = _containers.Remove(id);
            }

            return (200, $$"""{"ContainersDeleted":{{new JsonArray([.. gone.Select(id => JsonValue.Create(id))]).ToJsonString()}},"SpaceReclaimed":5}""");
        }
    }

    private bool Remove(JsonObject container)
    {
        var id = container["Id"]!.GetValue<string>();
        Portal.Engine.Take(ContainerId.Parse(id, null));
        Portal.Engine.Tell(ContainerId.Parse(id, null));
        lock (_gate)
        {
            return _containers.Remove(id);
        }
    }

    private JsonObject? Find(string name)
    {
        lock (_gate)
        {
            return _containers.GetValueOrDefault(name) ?? _containers.Values.FirstOrDefault(container => container["Name"]!.GetValue<string>() == "/" + name);
        }
    }

    private JsonObject? Network(string name) => _networks.GetValueOrDefault(name) ?? _networks.Values.FirstOrDefault(network => network["Id"]!.GetValue<string>() == name);
}
