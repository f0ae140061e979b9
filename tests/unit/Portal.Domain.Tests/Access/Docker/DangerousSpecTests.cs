using Portal.Domain.Access;
using Portal.Domain.Access.Restrictions;

namespace Portal.Domain.Tests.Access.Docker;

/// <summary>
/// Everything by which somebody with the right to create containers becomes root on the host, in every spelling that clients and engines know. The second
/// column is the rule that a refusal names.
/// </summary>
public sealed class DangerousSpecTests
{
    private static readonly (string HostConfig, string Rule)[] s_hostConfigs =
    [
        ("""{"Privileged":true}""", "privileged"),
        ("""{"privileged":true}""", "privileged"),
        ("""{"PRIVILEGED":true}""", "privileged"),

        ("""{"Binds":["/:/host"]}""", "hostPaths"),
        ("""{"binds":["/etc:/etc:ro"]}""", "hostPaths"),
        ("""{"Binds":["/var/run/docker.sock:/var/run/docker.sock"]}""", "hostPaths"),
        ("""{"Binds":["//etc/../etc:/x:rw,z"]}""", "hostPaths"),
        ("""{"Binds":["/srv/../etc:/x"]}""", "hostPaths"),
        ("""{"Binds":["data:/x","/root:/y"]}""", "hostPaths"),
        ("""{"Mounts":[{"Type":"bind","Source":"/","Target":"/host"}]}""", "hostPaths"),
        ("""{"mounts":[{"type":"bind","source":"/etc","target":"/x","readonly":true}]}""", "hostPaths"),
        ("""{"Mounts":[{"Type":"bind","Source":"/proc","Target":"/x","BindOptions":{"NonRecursive":true}}]}""", "hostPaths"),
        ("""{"Mounts":[{"Type":"volume","Target":"/x","VolumeOptions":{"DriverConfig":{"Options":{"type":"none","o":"bind","device":"/"}}}}]}""", "hostPaths"),
        ("""{"Mounts":[{"Type":"volume","Source":"new","Target":"/x","VolumeOptions":{"DriverConfig":{"Name":"local","Options":{"type":"bind","o":"rbind","device":"/etc"}}}}]}""", "hostPaths"),
        ("""{"Mounts":[{"Type":"volume","Target":"/x","VolumeOptions":{"DriverConfig":{"Options":{"type":"ext4","o":"ro","device":"/dev/sda1"}}}}]}""", "hostPaths"),
        ("""{"Mounts":[{"Type":"volume","Target":"/x","VolumeOptions":{"DriverConfig":{"Options":{"type":"overlay","o":"lowerdir=/:/etc","device":"overlay"}}}}]}""", "hostPaths"),
        ("""{"Mounts":[{"Type":"volume","Target":"/x","VolumeOptions":{"DriverConfig":{"Options":{"type":"nfs","o":"addr=10.0.0.1","device":":/export"}}}}]}""", "hostPaths"),
        ("""{"Binds":["etc:/x"]}""", "hostPaths"),
        ("""{"Mounts":[{"Type":"volume","Source":"etc","Target":"/x","ReadOnly":true}]}""", "hostPaths"),
        ("""{"VolumesFrom":["mounts"]}""", "hostPaths"),
        ("""{"VolumesFrom":["mounts:ro"]}""", "hostPaths"),
        ("""{"volumesfrom":["root"]}""", "privileged"),

        ("""{"NetworkMode":"host"}""", "hostNamespaces"),
        ("""{"networkmode":"host"}""", "hostNamespaces"),
        ("""{"NetworkMode":"0123456789ab"}""", "hostNamespaces"),
        ("""{"PidMode":"host"}""", "hostNamespaces"),
        ("""{"IpcMode":"host"}""", "hostNamespaces"),
        ("""{"UTSMode":"host"}""", "hostNamespaces"),
        ("""{"UsernsMode":"host"}""", "hostNamespaces"),
        ("""{"usernsmode":"host"}""", "hostNamespaces"),
        ("""{"CgroupnsMode":"host"}""", "hostNamespaces"),
        ("""{"NetworkMode":"container:root"}""", "privileged"),
        ("""{"PidMode":"container:root"}""", "privileged"),
        ("""{"IpcMode":"container:root"}""", "privileged"),

        ("""{"Devices":[{"PathOnHost":"/dev/sda","PathInContainer":"/dev/sda","CgroupPermissions":"rwm"}]}""", "devices"),
        ("""{"devices":[{"pathonhost":"/dev/mem"}]}""", "devices"),
        ("""{"Devices":[{"PathOnHost":"/dev/../dev/kmsg"}]}""", "devices"),
        ("""{"Devices":[{"PathOnHost":"vendor.com/device=all"}]}""", "devices"),
        ("""{"DeviceCgroupRules":["a *:* rwm"]}""", "devices"),
        ("""{"DeviceCgroupRules":["b 8:* r"]}""", "devices"),
        ("""{"DeviceRequests":[{"Driver":"cdi","DeviceIDs":["vendor.com/device=all"]}]}""", "devices"),
        ("""{"DeviceRequests":[{"Count":-1,"Capabilities":[["gpu"]]}]}""", "devices"),

        ("""{"CapAdd":["SYS_ADMIN"]}""", "capabilities"),
        ("""{"CapAdd":["CAP_SYS_ADMIN"]}""", "capabilities"),
        ("""{"CapAdd":["cap_sys_ptrace"]}""", "capabilities"),
        ("""{"CapAdd":["ALL"]}""", "capabilities"),
        ("""{"capadd":["all"],"CapDrop":["ALL"]}""", "capabilities"),
        ("""{"CapAdd":["NET_ADMIN"]}""", "capabilities"),

        ("""{"SecurityOpt":["seccomp=unconfined"]}""", "securityOptions"),
        ("""{"SecurityOpt":["seccomp:unconfined"]}""", "securityOptions"),
        ("""{"SecurityOpt":["apparmor=unconfined"]}""", "securityOptions"),
        ("""{"SecurityOpt":["label=disable"]}""", "securityOptions"),
        ("""{"SecurityOpt":["label:disable"]}""", "securityOptions"),
        ("""{"SecurityOpt":["systempaths=unconfined"]}""", "securityOptions"),
        ("""{"SecurityOpt":["no-new-privileges:false"]}""", "securityOptions"),
        ("""{"SecurityOpt":["writable-cgroups=true"]}""", "securityOptions"),
        ("""{"SecurityOpt":["seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"]}""", "securityOptions"),
        ("""{"MaskedPaths":[]}""", "securityOptions"),
        ("""{"ReadonlyPaths":[]}""", "securityOptions"),
        ("""{"CgroupParent":"/"}""", "securityOptions"),
        ("""{"CgroupParent":"system.slice"}""", "securityOptions"),
        ("""{"OomScoreAdj":-1000}""", "securityOptions"),
        ("""{"OomKillDisable":true}""", "securityOptions"),
        ("""{"PidsLimit":-1}""", "securityOptions"),
        ("""{"CpuRealtimeRuntime":950000}""", "securityOptions"),
        ("""{"Annotations":{"run.oci.keep_original_groups":"1"}}""", "securityOptions"),
        ("""{"Ulimits":[{"Name":"rtprio","Soft":99,"Hard":99}]}""", "securityOptions"),
        ("""{"ulimits":[{"name":"nice","soft":40,"hard":40}]}""", "securityOptions"),
        ("""{"LogConfig":{"Type":"syslog","Config":{"syslog-address":"unix:///run/docker.sock"}}}""", "securityOptions"),

        ("""{"Sysctls":{"kernel.core_pattern":"|/x"}}""", "sysctls"),
        ("""{"Sysctls":{"net.ipv4.ip_forward":"1"}}""", "sysctls"),
        ("""{"Sysctls":{"net/ipv4/ip_forward":"1"}}""", "sysctls"),
        ("""{"sysctls":{"net/ipv4.conf/all.forwarding":"1"}}""", "sysctls"),

        ("""{"Runtime":"kata"}""", "runtimes"),
        ("""{"runtime":"io.containerd.runc.v2"}""", "runtimes"),

        ("""{"NetworkMode":"lan"}""", "hostLinks"),
    ];

    private static readonly (string Request, string Json, string Rule)[] s_requests =
    [
        ("POST /containers/create", """{"Image":"busybox","NetworkingConfig":{"EndpointsConfig":{"host":{}}}}""", "hostNamespaces"),
        ("POST /containers/create", """{"Image":"busybox","NetworkingConfig":{"EndpointsConfig":{"lan":{}}}}""", "hostLinks"),
        ("POST /containers/create", """{"Image":"busybox","NetworkingConfig":{"EndpointsConfig":{"web":{"DriverOpts":{"com.docker.network.endpoint.sysctls":"net.ipv4.conf.IFNAME.forwarding=1"}}}}}""", "sysctls"),
        ("POST /containers/create", """{"Image":"busybox","networkingconfig":{"endpointsconfig":{"web":{"driveropts":{"com.docker.network.endpoint.sysctls":"net/ipv4/conf/IFNAME/forwarding=1"}}}}}""", "sysctls"),
        ("POST /containers/create", """{"Image":"busybox","NetworkingConfig":{"EndpointsConfig":{"web":{"DriverOpts":{"parent":"eth0"}}}}}""", "hostLinks"),
        ("POST /containers/create", """{"image":"busybox","hostconfig":{"privileged":true}}""", "privileged"),
        ("POST /v1.24/containers/create", """{"Image":"busybox","HostConfig":{"Privileged":true}}""", "privileged"),
        ("POST /containers/plain/update", """{"OomKillDisable":true}""", "securityOptions"),
        ("POST /containers/plain/update", """{"PidsLimit":0}""", "securityOptions"),
        ("POST /containers/plain/update", """{"CpuRealtimePeriod":1000}""", "securityOptions"),
        ("POST /containers/plain/update", """{"Devices":[{"PathOnHost":"/dev/sda"}]}""", "devices"),
        ("POST /containers/plain/update", """{"CgroupParent":"/"}""", "securityOptions"),
        ("POST /containers/plain/exec", """{"Cmd":["sh"],"Privileged":true}""", "privileged"),
        ("POST /containers/plain/exec", """{"Cmd":["sh"],"privileged":true}""", "privileged"),
        ("POST /containers/root/exec", """{"Cmd":["sh"]}""", "privileged"),
        ("PUT /containers/mounts/archive?path=/x", "", "hostPaths"),
        ("GET /containers/mounts/archive?path=/x", "", "hostPaths"),
        ("POST /containers/root/attach?stream=1&stdin=1", "", "privileged"),
        ("POST /volumes/create", """{"Name":"n","DriverOpts":{"type":"none","o":"bind","device":"/"}}""", "hostPaths"),
        ("POST /volumes/create", """{"driveropts":{"type":"none","o":"rw,rbind","device":"/etc"}}""", "hostPaths"),
        ("POST /volumes/create", """{"DriverOpts":{"type":"bind","device":"/etc","o":"x"}}""", "hostPaths"),
        ("POST /volumes/create", """{"DriverOpts":{"type":"btrfs","device":"/dev/sdb"}}""", "hostPaths"),
        ("POST /volumes/create", """{"Driver":"vieux/sshfs"}""", "hostPaths"),
        ("POST /networks/create", """{"Name":"n","Driver":"macvlan","Options":{"parent":"eth0"}}""", "hostLinks"),
        ("POST /networks/create", """{"Name":"n","driver":"ipvlan"}""", "hostLinks"),
        ("POST /networks/create", """{"Name":"n","Options":{"com.docker.network.bridge.name":"br-lan"}}""", "hostLinks"),
        ("POST /networks/create", """{"Name":"n","Options":{"com.docker.network.bridge.host_binding_ipv4":"10.0.0.1"}}""", "hostLinks"),
        ("POST /networks/create", """{"Name":"n","Driver":"host"}""", "hostNamespaces"),
        ("POST /networks/create", """{"Name":"n","IPAM":{"Driver":"dhcp"}}""", "hostLinks"),
        ("POST /networks/create", """{"Name":"n","Driver":"overlay","Scope":"swarm"}""", "hostLinks"),
        ("POST /networks/create", """{"Name":"n","ConfigFrom":{"Network":"lan"}}""", "hostLinks"),
        ("POST /networks/lan/connect", """{"Container":"plain"}""", "hostLinks"),
        ("POST /networks/web/connect", """{"Container":"plain","EndpointConfig":{"DriverOpts":{"com.docker.network.endpoint.sysctls":"kernel.x=1"}}}""", "sysctls"),
        ("POST /build?networkmode=host", "", "hostNamespaces"),
        ("POST /build?networkmode=container:root", "", "privileged"),
        ("POST /build?cgroupparent=/", "", "securityOptions"),
        ("POST /build?securityopt=seccomp%3Dunconfined", "", "securityOptions"),
        ("POST /build?ulimits=%5B%7B%22name%22%3A%22rtprio%22%2C%22soft%22%3A9%2C%22hard%22%3A9%7D%5D", "", "securityOptions"),
        ("POST /build?remote=http%3A%2F%2F169.254.169.254%2Fx", "", "hostNamespaces"),
        ("POST /build?version=2&session=x", "", "unseen"),
        ("POST /grpc", "", "unseen"),
        ("POST /session", "", "unseen"),
        ("POST /images/create?fromSrc=http%3A%2F%2Flocalhost%2Fx", "", "hostNamespaces"),
    ];

    /// <summary>What is not a rule of the host, but a way to say something that the policy does not see.</summary>
    private static readonly (string Request, string Json)[] s_tricks =
    [
        ("POST /containers/create", """{"Image":"busybox","HostConfig":{"Privileged":false,"Privileged":true}}"""),
        ("POST /containers/create", """{"Image":"busybox","HostConfig":{"Privileged":false,"privileged":true}}"""),
        ("POST /containers/create", """{"Image":"busybox","HostConfig":{},"hostconfig":{"Privileged":true}}"""),
        ("POST /containers/create", """{"Image":"busybox","HostConfig":{"Bindſ":["/:/host"]}}"""),
        ("POST /containers/create", """{"Image":"busybox","HostConfig":{"NetworKMode":"host"}}"""),
        ("POST /containers/create", """{"Image":"busybox","HostConfig":{"NewThing":{"Source":"/"}}}"""),
        ("POST /containers/create", """{"Image":"busybox","HostConfig":{"Mounts":[{"Type":"volume","Target":"/x","ClusterOptions":{}}]}}"""),
        ("POST /containers/create", """{"Image":"busybox"} {"HostConfig":{"Privileged":true}}"""),
        ("POST /containers/create", """{"Image":"busybox","HostConfig":{"Privileged":"true"}}"""),
        ("POST /containers/create?hostconfig=x", """{"Image":"busybox"}"""),
        ("POST /containers/plain/exec", """{"Cmd":["sh"],"Privileged":false,"PRIVILEGED":true}"""),
        ("POST /build?NetworkMode=host", ""),
        ("POST /build?networkmode=none&networkmode=host", ""),
        ("POST /build?ulimits=%5B%7B%22Name%22%3A%22nofile%22%2C%22Name%22%3A%22rtprio%22%7D%5D", ""),
        ("POST /volumes/create", """{"Name":"n","ClusterVolumeSpec":{}}"""),
        ("POST /containers/create", """{"Image":"busybox","HostConfig":{"Cgroup":"container:root"}}"""),
        ("POST /containers/create", """{"Image":"busybox","HostConfig":{"VolumeDriver":"vieux/sshfs"}}"""),
    ];

    public static TheoryData<string, string, string> Dangers =>
    [
        .. s_hostConfigs.Select(row => new TheoryDataRow<string, string, string>("POST /v1.51/containers/create", $$"""{"Image":"busybox","HostConfig":{{row.HostConfig}}}""", row.Rule)),
        .. s_requests.Select(row => new TheoryDataRow<string, string, string>(row.Request, row.Json, row.Rule)),
    ];

    public static TheoryData<string, string> Tricks => [.. s_tricks.Select(row => new TheoryDataRow<string, string>(row.Request, row.Json))];

    [Theory, MemberData(nameof(Dangers))]
    public void Danger_OfADeveloper_IsRefusedByItsRule(string request, string json, string rule)
    {
        var refusal = new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Developer), request, json.Length > 0 ? json : null).Refusal;

        Assert.NotNull(refusal);
        Assert.Equal("docker.restricted", refusal.Code);
        Assert.Contains($"\"{rule}\"", refusal.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Tricks))]
    public void Trick_OfADeveloper_IsRefused(string request, string json) =>
        Assert.NotNull(new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Developer), request, json.Length > 0 ? json : null).Refusal);

    [Theory, MemberData(nameof(Dangers))]
    public void Danger_OfAnOperator_IsRefused(string request, string json, string rule) =>
        Assert.Contains(rule, new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Operator), request, json.Length > 0 ? json : null).Refusal?.Message ?? "", StringComparison.Ordinal);

    [Theory, MemberData(nameof(Dangers))]
    public void Danger_OfAnAdministrator_GoesOn(string request, string json, string rule)
    {
        _ = rule;
        Assert.Null(new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Administrator), request, json.Length > 0 ? json : null).Refusal);
    }

    /// <summary>Each rule has a switch, and what it opens is open.</summary>
    [Theory, MemberData(nameof(Dangers))]
    public void Danger_OnAHostThatIsOpen_IsTheDevelopers(string request, string json, string rule)
    {
        var open = new HostRestrictions
        {
            AllowPrivileged = true, AllowHostNamespaces = true, HostPaths = ["/"], Devices = ["/"], Capabilities = ["ALL"], Sysctls = ["*"], AllowSecurityOptions = true,
            Runtimes = ["kata", "io.containerd.runc.v2"], AllowHostLinks = true,
        };

        var decision = new DockerBench { Restrictions = open }.Ask(DockerBench.Person(BuiltInRoles.Developer), request, json.Length > 0 ? json : null);

        // What cannot be seen no switch opens; a driver that the engine of the contract does not have, it does not have for anybody.
        Assert.Equal(rule == "unseen", !decision.IsAllowed);
    }

    [Theory]
    [InlineData("POST /containers/create", """{"Image":"busybox","HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"80"}]}}}""", "hostPorts")]
    [InlineData("POST /containers/create", """{"Image":"busybox","HostConfig":{"PortBindings":{"80":[{"HostIp":"0.0.0.0","HostPort":"8000-9000"}]}}}""", "hostPorts")]
    [InlineData("POST /containers/create", """{"Image":"busybox","hostconfig":{"portbindings":{"8000-8001/udp":[{"HostPort":"7999-8000"}]}}}""", "hostPorts")]
    [InlineData("POST /containers/create", """{"Image":"busybox"}""", "registries")]
    [InlineData("POST /containers/create", """{"Image":"docker.io/library/busybox"}""", "registries")]
    [InlineData("POST /containers/create", """{"Image":"registry.example.com.evil.org/team/x"}""", "registries")]
    [InlineData("POST /containers/create", """{"Image":"registry.example.com/team-b/x"}""", "registries")]
    [InlineData("POST /containers/create", """{"Image":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}""", "registries")]
    [InlineData("POST /containers/create", """{"Image":"0123456789abcdef"}""", "registries")]
    [InlineData("POST /containers/create", """{"Image":"cafe"}""", "registries")]
    [InlineData("POST /images/create?fromImage=busybox&tag=latest", "", "registries")]
    [InlineData("POST /images/create?fromImage=registry.example.com%2Fother%2Fx", "", "registries")]
    [InlineData("POST /images/create?fromSrc=-&repo=registry.example.com%2Fteam%2Fx", "", "registries")]
    [InlineData("POST /images/evil.org/x/push?tag=1", "", "registries")]
    [InlineData("POST /images/load", "", "registries")]
    [InlineData("POST /build?t=registry.example.com%2Fteam%2Fx", "", "registries")]
    [InlineData("GET /distribution/busybox/json", "", "registries")]
    [InlineData("POST /auth", """{"serveraddress":"https://evil.org/v1/"}""", "registries")]
    public void Request_BeyondPortsAndRegistries_IsRefusedByItsRule(string request, string json, string rule)
    {
        var narrow = HostRestrictions.Default with { HostPorts = [new(8000, 8999)], Registries = ["registry.example.com/team", "docker.io/library/official", "docker.io/library/cafe"] };
        var bench = new DockerBench { Restrictions = narrow };
        foreach (var image in (string[])["docker.io/library/busybox", "registry.example.com.evil.org/team/x", "registry.example.com/team-b/x", "0123456789abcdef", "cafe", "evil.org/x:1"])
        {
            bench.Add(ResourceKind.Image, image);
        }

        bench.Add(ResourceKind.Image, "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");

        var refusal = bench.Ask(DockerBench.Person(BuiltInRoles.Developer), request, json.Length > 0 ? json : null).Refusal;

        Assert.Equal("docker.restricted", refusal?.Code);
        Assert.Contains($"\"{rule}\"", refusal!.Message, StringComparison.Ordinal);
        Assert.Null(bench.Ask(DockerBench.Person(BuiltInRoles.Administrator), request, json.Length > 0 ? json : null).Refusal);
    }

    [Theory]
    [InlineData("""{"Image":"busybox"}""")]
    [InlineData("""{"Image":"busybox","HostConfig":{"Binds":["data:/x:ro"],"NetworkMode":"web","PidMode":"","IpcMode":"shareable","CapDrop":["ALL"],"CapAdd":["net_bind_service","CAP_CHOWN"]}}""")]
    [InlineData("""{"Image":"busybox","HostConfig":{"SecurityOpt":["no-new-privileges"],"PortBindings":{"80/tcp":[{"HostPort":"8080"},{"HostPort":""}]},"Memory":1000000,"PidsLimit":100}}""")]
    [InlineData("""{"Image":"busybox","HostConfig":{"Mounts":[{"Type":"tmpfs","Target":"/t"},{"Type":"volume","Target":"/v"}],"Ulimits":[{"Name":"nofile","Soft":1024,"Hard":2048}],"LogConfig":{"Type":"json-file"}}}""")]
    [InlineData("""{"Image":"busybox","HostConfig":{"NetworkMode":"container:plain","VolumesFrom":["plain:ro"],"RestartPolicy":{"Name":"always"},"AutoRemove":false}}""")]
    public void Container_LikeAnyOther_IsTheDevelopers(string json) =>
        Assert.Null(new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Developer), "POST /containers/create?name=x", json).Refusal);
}
