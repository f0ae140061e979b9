using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Portal.Api.Tests.Access;
using Portal.Domain.Access;
using Portal.Domain.Access.Restrictions;

namespace Portal.Api.Tests.Docker;

/// <summary>
/// The REST interface is one more front door to what makes root of somebody with the right to create containers: everything that it can say of that kind is
/// refused by the rule that refuses it to Docker's own clients, and let through to administrators.
/// </summary>
public sealed class RestDangerTests(EngineWorldWithDangers world) : IClassFixture<EngineWorldWithDangers>
{
    private static readonly (string Members, string Rule)[] s_containers =
    [
        (""" "privileged":true """, "privileged"),
        (""" "PRIVILEGED":true """, "privileged"),
        (""" "volumesFrom":["root"] """, "privileged"),
        (""" "networkMode":"container:root" """, "privileged"),
        (""" "namespaces":{"pid":"container:root"} """, "privileged"),
        (""" "namespaces":{"ipc":"container:root"} """, "privileged"),

        (""" "mounts":[{"type":"bind","source":"/","target":"/host"}] """, "hostPaths"),
        (""" "mounts":[{"type":"bind","source":"/etc","target":"/x","readOnly":true}] """, "hostPaths"),
        (""" "mounts":[{"type":"bind","source":"/var/run/docker.sock","target":"/x"}] """, "hostPaths"),
        (""" "mounts":[{"type":"bind","source":"//srv/../etc","target":"/x"}] """, "hostPaths"),
        (""" "mounts":[{"type":"bind","source":"/proc","target":"/x","nonRecursive":true}] """, "hostPaths"),
        (""" "mounts":[{"type":"bind","source":"/new","target":"/x","createSource":true}] """, "hostPaths"),
        (""" "mounts":[{"type":"tmpfs","target":"/t"},{"type":"bind","source":"/root","target":"/y"}] """, "hostPaths"),
        (""" "mounts":[{"target":"/x","driverOptions":{"type":"none","o":"bind","device":"/"}}] """, "hostPaths"),
        (""" "mounts":[{"type":"volume","source":"new","target":"/x","driver":"local","driverOptions":{"type":"bind","o":"rbind","device":"/etc"}}] """, "hostPaths"),
        (""" "mounts":[{"type":"volume","target":"/x","driverOptions":{"type":"ext4","o":"ro","device":"/dev/sda1"}}] """, "hostPaths"),
        (""" "mounts":[{"type":"volume","target":"/x","driverOptions":{"type":"overlay","o":"lowerdir=/:/etc","device":"overlay"}}] """, "hostPaths"),
        (""" "mounts":[{"type":"volume","target":"/x","driverOptions":{"type":"nfs","o":"addr=10.0.0.1","device":":/export"}}] """, "hostPaths"),
        (""" "mounts":[{"type":"volume","source":"etc","target":"/x"}] """, "hostPaths"),
        (""" "mounts":[{"type":"volume","source":"etc","target":"/x","readOnly":true}] """, "hostPaths"),
        (""" "volumesFrom":["mounts"] """, "hostPaths"),
        (""" "volumesFrom":["mounts:ro"] """, "hostPaths"),

        (""" "networkMode":"host" """, "hostNamespaces"),
        (""" "networkMode":"machine" """, "hostNamespaces"),
        (""" "networks":[{"network":"host"}] """, "hostNamespaces"),
        (""" "networks":[{"network":"web"},{"network":"host"}] """, "hostNamespaces"),
        (""" "namespaces":{"pid":"host"} """, "hostNamespaces"),
        (""" "namespaces":{"ipc":"host"} """, "hostNamespaces"),
        (""" "namespaces":{"uts":"host"} """, "hostNamespaces"),
        (""" "namespaces":{"user":"host"} """, "hostNamespaces"),
        (""" "namespaces":{"cgroup":"host"} """, "hostNamespaces"),

        (""" "devices":[{"hostPath":"/dev/sda"}] """, "devices"),
        (""" "devices":[{"hostPath":"/dev/../dev/kmsg","containerPath":"/dev/null","permissions":"r"}] """, "devices"),
        (""" "devices":[{"hostPath":"vendor.com/device=all"}] """, "devices"),
        (""" "deviceRules":["a *:* rwm"] """, "devices"),
        (""" "deviceRules":["b 8:* r"] """, "devices"),
        (""" "deviceRequests":[{"driver":"cdi","ids":["vendor.com/device=all"]}] """, "devices"),
        (""" "deviceRequests":[{"count":-1,"capabilities":[["gpu"]]}] """, "devices"),

        (""" "capabilitiesAdded":["SYS_ADMIN"] """, "capabilities"),
        (""" "capabilitiesAdded":["CAP_SYS_ADMIN"] """, "capabilities"),
        (""" "capabilitiesAdded":["cap_sys_ptrace"] """, "capabilities"),
        (""" "capabilitiesAdded":["all"],"capabilitiesDropped":["ALL"] """, "capabilities"),
        (""" "capabilitiesAdded":["NET_ADMIN"] """, "capabilities"),

        (""" "securityOptions":["seccomp=unconfined"] """, "securityOptions"),
        (""" "securityOptions":["seccomp:unconfined"] """, "securityOptions"),
        (""" "securityOptions":["apparmor=unconfined"] """, "securityOptions"),
        (""" "securityOptions":["label=disable"] """, "securityOptions"),
        (""" "securityOptions":["systempaths=unconfined"] """, "securityOptions"),
        (""" "securityOptions":["no-new-privileges:false"] """, "securityOptions"),
        (""" "securityOptions":["writable-cgroups=true"] """, "securityOptions"),
        (""" "securityOptions":["no-new-privileges","seccomp={}"] """, "securityOptions"),
        (""" "maskedPaths":[] """, "securityOptions"),
        (""" "readOnlyPaths":[] """, "securityOptions"),
        (""" "cgroupParent":"/" """, "securityOptions"),
        (""" "cgroupParent":"system.slice" """, "securityOptions"),
        (""" "oomScoreAdjustment":-1000 """, "securityOptions"),
        (""" "resources":{"oomKillDisabled":true} """, "securityOptions"),
        (""" "resources":{"pidsLimit":-1} """, "securityOptions"),
        (""" "resources":{"cpuRealtimeRuntime":950000} """, "securityOptions"),
        (""" "resources":{"cpuRealtimePeriod":1000000} """, "securityOptions"),
        (""" "annotations":{"run.oci.keep_original_groups":"1"} """, "securityOptions"),
        (""" "processLimits":[{"name":"rtprio","soft":99,"hard":99}] """, "securityOptions"),
        (""" "processLimits":[{"name":"nice","soft":40,"hard":40}] """, "securityOptions"),
        (""" "log":{"driver":"syslog","options":{"syslog-address":"unix:///run/docker.sock"}} """, "securityOptions"),

        (""" "sysctls":{"kernel.core_pattern":"|/x"} """, "sysctls"),
        (""" "sysctls":{"net.ipv4.ip_forward":"1"} """, "sysctls"),
        (""" "sysctls":{"net/ipv4/ip_forward":"1"} """, "sysctls"),
        (""" "networks":[{"network":"web","driverOptions":{"com.docker.network.endpoint.sysctls":"net.ipv4.conf.IFNAME.forwarding=1"}}] """, "sysctls"),

        (""" "runtime":"kata" """, "runtimes"),
        (""" "runtime":"io.containerd.runc.v2" """, "runtimes"),

        (""" "networkMode":"lan" """, "hostLinks"),
        (""" "networks":[{"network":"lan"}] """, "hostLinks"),
        (""" "networks":[{"network":"web","driverOptions":{"parent":"eth0"}}] """, "hostLinks"),
    ];

    private static readonly (string Request, string Json, string Rule)[] s_others =
    [
        ("PATCH /containers/plain", """{"resources":{"oomKillDisabled":true}}""", "securityOptions"),
        ("PATCH /containers/plain", """{"resources":{"pidsLimit":-1}}""", "securityOptions"),
        ("PATCH /containers/plain", """{"resources":{"pidsLimit":0}}""", "securityOptions"),
        ("PATCH /containers/plain", """{"resources":{"cpuRealtimePeriod":1000}}""", "securityOptions"),
        ("PATCH /containers/plain", """{"resources":{"memoryBytes":1000000000,"cpuRealtimeRuntime":1000}}""", "securityOptions"),
        ("POST /volumes", """{"name":"NEW","options":{"type":"none","o":"bind","device":"/"}}""", "hostPaths"),
        ("POST /volumes", """{"options":{"type":"none","o":"rw,rbind","device":"/etc"}}""", "hostPaths"),
        ("POST /volumes", """{"options":{"type":"bind","device":"/etc","o":"x"}}""", "hostPaths"),
        ("POST /volumes", """{"options":{"type":"btrfs","device":"/dev/sdb"}}""", "hostPaths"),
        ("POST /volumes", """{"driver":"vieux/sshfs"}""", "hostPaths"),
        ("POST /networks", """{"name":"n","driver":"macvlan","options":{"parent":"eth0"}}""", "hostLinks"),
        ("POST /networks", """{"name":"n","driver":"ipvlan"}""", "hostLinks"),
        ("POST /networks", """{"name":"n","options":{"com.docker.network.bridge.name":"br-lan"}}""", "hostLinks"),
        ("POST /networks", """{"name":"n","options":{"com.docker.network.bridge.host_binding_ipv4":"10.0.0.1"}}""", "hostLinks"),
        ("POST /networks", """{"name":"n","driver":"host"}""", "hostNamespaces"),
        ("POST /networks", """{"name":"n","addressDriver":"dhcp"}""", "hostLinks"),
        ("POST /networks/lan/connect", """{"container":"plain"}""", "hostLinks"),
        ("POST /networks/web/connect", """{"container":"plain","driverOptions":{"com.docker.network.endpoint.sysctls":"kernel.x=1"}}""", "sysctls"),
        ("GET /containers/mounts/archive?path=/x", "", "hostPaths"),
        ("PUT /containers/mounts/archive?path=/x", "", "hostPaths"),
        ("PUT /containers/root/archive?path=/x", "", "privileged"),
    ];

    public static TheoryData<string, string, string> Dangers =>
    [
        .. s_containers.Select(row => new TheoryDataRow<string, string, string>("POST /containers", $$"""{"image":"busybox",{{row.Members}}}""", row.Rule)),
        .. s_others.Select(row => new TheoryDataRow<string, string, string>(row.Request, row.Json, row.Rule)),
    ];

    [Theory, MemberData(nameof(Dangers))]
    public async Task Danger_OfADeveloper_IsRefusedByItsRule(string request, string json, string rule)
    {
        var before = Changes();

        var answer = await SendAsync(BuiltInRoles.Developer, request, json);

        Assert.Equal((HttpStatusCode.Forbidden, "docker.restricted"), (answer.Status, answer.Code));
        Assert.Contains($"\"{rule}\"", answer.Text("title"), StringComparison.Ordinal);
        Assert.Equal(before, Changes());
    }

    [Theory, MemberData(nameof(Dangers))]
    public async Task Danger_OfAnOperator_IsRefusedByItsRule(string request, string json, string rule) =>
        Assert.Contains($"\"{rule}\"", (await SendAsync(BuiltInRoles.Operator, request, json)).Text("title"), StringComparison.Ordinal);

    [Theory, MemberData(nameof(Dangers))]
    public async Task Danger_OfAnAdministrator_GoesOn(string request, string json, string rule)
    {
        _ = rule;
        var answer = await SendAsync(BuiltInRoles.Administrator, request, json);

        Assert.True((int)answer.Status < 300, $"{answer.Status} {answer.Body}");
    }

    /// <summary>A rule that no row is about is one that this door may not know of.</summary>
    [Fact]
    public void Table_KnowsEveryRuleOfAHost()
    {
        var rules = typeof(HostRestrictions).GetProperties().Where(property => property.GetMethod!.IsStatic is false && property.Name != "EqualityContract")
            .Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name.StartsWith("Allow", StringComparison.Ordinal) ? property.Name[5..] : property.Name));

        // Ports and registries are open unless an administrator closes them; see below.
        Assert.Equal(rules.Except(["hostPorts", "registries"]).Order(), s_containers.Select(row => row.Rule).Distinct().Order());
    }

    [Theory]
    [InlineData(""" "ports":[{"containerPort":80,"hostPort":80}] """, "hostPorts")]
    [InlineData(""" "ports":[{"containerPort":80},{"containerPort":81,"protocol":"udp","hostAddress":"0.0.0.0","hostPort":9000}] """, "hostPorts")]
    [InlineData(""" "mounts":[{"type":"image","source":"evil.org/x","target":"/x"}] """, "registries")]
    [InlineData(""" "labels":{} """, "registries", "evil.org/busybox")]
    public async Task Container_BeyondPortsAndRegistries_IsRefusedByItsRule(string members, string rule, string image = "busybox")
    {
        await using var narrow = new EngineWorldWithDangers();
        await narrow.InitializeAsync();
        narrow.Answer("GET /images/evil.org/x/json", 200, """{"Id":"sha256:e"}""");
        narrow.Answer("GET /images/evil.org/busybox/json", 200, """{"Id":"sha256:f"}""");
        await narrow.Access.SetRestrictionsAsync(
            FakeEngine.Local, HostRestrictions.Default with { HostPorts = [new(8000, 8999)], Registries = ["docker.io"] }, TestContext.Current.CancellationToken);
        var developer = await narrow.ClientAsync(BuiltInRoles.Developer);

        var answer = await SendAsync(developer, "POST /containers", $$"""{"image":"{{image}}",{{members}}}""");

        Assert.Equal("docker.restricted", answer.Code);
        Assert.Contains($"\"{rule}\"", answer.Text("title"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(developer, "POST /containers", """{"image":"busybox","ports":[{"containerPort":80,"hostPort":8080},{"containerPort":81}]}""")).Status);
    }

    [Theory]
    [InlineData(""" "mounts":[{"source":"data","target":"/x","readOnly":true},{"type":"tmpfs","target":"/t","sizeBytes":1000,"mode":"1777"},{"target":"/own"}],"networkMode":"web" """)]
    [InlineData(""" "capabilitiesDropped":["ALL"],"capabilitiesAdded":["net_bind_service","CAP_CHOWN"],"securityOptions":["no-new-privileges"],"namespaces":{"ipc":"shareable"} """)]
    [InlineData(""" "resources":{"memoryBytes":1000000,"cpus":0.5,"pidsLimit":100},"processLimits":[{"name":"nofile","soft":1024,"hard":2048}],"log":{"driver":"json-file"},"restartPolicy":"always" """)]
    [InlineData(""" "networkMode":"container:plain","volumesFrom":["plain:ro"],"user":"1000","workingDirectory":"/x","tty":true,"init":true,"readOnly":true """)]
    public async Task Container_LikeAnyOther_IsTheDevelopers(string members)
    {
        var answer = await SendAsync(BuiltInRoles.Developer, "POST /containers", $$"""{"image":"busybox",{{members}}}""");

        Assert.True(answer.Status == HttpStatusCode.Created, answer.Body.ToString());
    }

    private int Changes() => world.Requests.Count(request => !request.StartsWith("GET ", StringComparison.Ordinal));

    private async Task<Answered> SendAsync(Role role, string request, string json) => await SendAsync(await world.ClientAsync(role), request, json);

    private static async Task<Answered> SendAsync(HttpClient client, string request, string json)
    {
        using var message = new HttpRequestMessage(new HttpMethod(request.Split(' ')[0]), "/api/v1/hosts/local" + request.Split(' ')[1]);
        if (json.Length > 0)
        {
            message.Content = new StringContent(json.Replace("NEW", Guid.NewGuid().ToString("n"), StringComparison.Ordinal), Encoding.UTF8, "application/json");
        }
        else if (message.Method == HttpMethod.Put)
        {
            message.Content = new ByteArrayContent([1, 2]);
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-tar");
        }

        if (message.Method == HttpMethod.Patch)
        {
            message.Headers.TryAddWithoutValidation("If-Match", "*");
        }

        using var answer = await client.SendAsync(message, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return new(answer.StatusCode, text.StartsWith('{') ? JsonSerializer.Deserialize<JsonElement>(text) : default, null);
    }
}

/// <summary>A world with things in it that whoever gets at them has the host.</summary>
public sealed class EngineWorldWithDangers : IAsyncLifetime
{
    private readonly EngineWorld _world = new();

    internal IReadOnlyList<string> Requests => _world.Requests;

    internal IHostAccess Access => _world.Access;

    public async ValueTask InitializeAsync()
    {
        await _world.InitializeAsync();
        _ = _world.Add("plain");
        _ = _world.Add("root", hostConfig: """{"Privileged":true}""");
        _ = _world.Add("mounts", mounts: """[{"Type":"bind","Source":"/etc","Destination":"/x"}]""");
        _world.AddNetwork("web");
        _world.AddNetwork("lan", "macvlan");
        _world.AddNetwork("machine", "host");
        _world.AddVolume("data");
        _world.AddVolume("etc", options: """{"type":"none","o":"bind","device":"/etc"}""");
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    internal void Answer(string request, int status, string body) => _world.Answer(request, status, body);

    internal Task<HttpClient> ClientAsync(Role role) => _world.ClientAsync(role);
}
