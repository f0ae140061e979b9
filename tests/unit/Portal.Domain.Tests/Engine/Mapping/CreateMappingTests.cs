using System.Text;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Mapping;
using Portal.Domain.Primitives;

namespace Portal.Domain.Tests.Engine.Mapping;

public sealed class CreateMappingTests
{
    /// <summary>docker run -it --rm -p 8080:80 -v /a:/b:ro -e A=b --memory 64m --cpus .5 --name x1 busybox sh (CLI 28.2).</summary>
    internal const string Interactive = """
        {"Hostname":"","Domainname":"","User":"","AttachStdin":true,"AttachStdout":true,"AttachStderr":true,"ExposedPorts":{"80/tcp":{}},"Tty":true,
        "OpenStdin":true,"StdinOnce":true,"Env":["A=b"],"Cmd":["sh"],"Image":"busybox","Volumes":{},"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":{},
        "HostConfig":{"Binds":["/a:/b:ro"],"ContainerIDFile":"","LogConfig":{"Type":"","Config":{}},"NetworkMode":"default",
        "PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"}]},"RestartPolicy":{"Name":"no","MaximumRetryCount":0},"AutoRemove":true,"VolumeDriver":"",
        "VolumesFrom":null,"ConsoleSize":[50,120],"CapAdd":null,"CapDrop":null,"CgroupnsMode":"","Dns":[],"DnsOptions":[],"DnsSearch":[],"ExtraHosts":null,
        "GroupAdd":null,"IpcMode":"","Cgroup":"","Links":null,"OomScoreAdj":0,"PidMode":"","Privileged":false,"PublishAllPorts":false,"ReadonlyRootfs":false,
        "SecurityOpt":null,"UTSMode":"","UsernsMode":"","ShmSize":0,"Isolation":"","CpuShares":0,"Memory":67108864,"NanoCpus":500000000,"CgroupParent":"",
        "BlkioWeight":0,"BlkioWeightDevice":[],"BlkioDeviceReadBps":[],"BlkioDeviceWriteBps":[],"BlkioDeviceReadIOps":[],"BlkioDeviceWriteIOps":[],"CpuPeriod":0,
        "CpuQuota":0,"CpuRealtimePeriod":0,"CpuRealtimeRuntime":0,"CpusetCpus":"","CpusetMems":"","Devices":[],"DeviceCgroupRules":null,"DeviceRequests":null,
        "MemoryReservation":0,"MemorySwap":0,"MemorySwappiness":-1,"OomKillDisable":false,"PidsLimit":0,"Ulimits":[],"CpuCount":0,"CpuPercent":0,
        "IOMaximumIOps":0,"IOMaximumBandwidth":0,"MaskedPaths":null,"ReadonlyPaths":null},
        "NetworkingConfig":{"EndpointsConfig":{"default":{"IPAMConfig":null,"Links":null,"Aliases":null,"MacAddress":"","DriverOpts":null,"GwPriority":0,
        "NetworkID":"","EndpointID":"","Gateway":"","IPAddress":"","IPPrefixLen":0,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"DNSNames":null}}}}
        """;

    [Fact]
    public void Body_OfTheCli_BecomesTheSpec()
    {
        var plan = Map(Interactive);

        var spec = plan.Spec;
        Assert.Empty(plan.Warnings);
        Assert.Equal("busybox", spec.Image);
        Assert.Equal(["sh"], spec.Command!);
        Assert.Null(spec.Entrypoint);
        Assert.Equal(["A=b"], spec.Environment);
        Assert.True(spec is { Tty: true, OpenStdin: true, StdinOnce: true, AttachStdin: true, AutoRemove: true, Privileged: false });
        Assert.Null(spec.Hostname);
        Assert.Equal("default", spec.NetworkMode);
        Assert.Equal([new PortBinding(80, "tcp", "", 8080)], spec.Ports);
        Assert.Equal(["80/tcp"], spec.ExposedPorts);
        Assert.Equal([new MountSpec(MountKind.Bind, "/a", "/b", ReadOnly: true) { Origin = MountOrigin.Binds, AsGiven = "/a:/b:ro", Mode = "ro", CreateSource = true }], spec.Mounts);
        Assert.Equal(67108864, spec.Resources.MemoryBytes);
        Assert.Equal(500_000_000, spec.Resources.NanoCpus);
        Assert.Null(spec.Resources.PidsLimit);
        Assert.Equal(new(RestartPolicyKind.No, 0), spec.RestartPolicy);
    }

    [Fact]
    public void Body_MinimalWithNullsAndOtherCase_IsUnderstood()
    {
        var spec = Map("""{"image":"busybox","CMD":"sh","Tty":null,"Env":null,"HostConfig":{"memory":null,"Binds":null,"PortBindings":null,"Mounts":null}}""").Spec;

        Assert.Equal("busybox", spec.Image);
        Assert.Equal(["sh"], spec.Command!);
        Assert.Empty(spec.Environment);
        Assert.Equal(0, spec.Resources.MemoryBytes);
    }

    [Fact]
    public void SystemPaths_EmptyAndAbsent_AreToldApart()
    {
        var unconfined = Map("""{"Image":"i","HostConfig":{"MaskedPaths":[],"ReadonlyPaths":["/proc/bus"]}}""").Spec;

        Assert.Empty(unconfined.MaskedPaths!);
        Assert.Equal(["/proc/bus"], unconfined.ReadOnlyPaths!);
        Assert.Null(Map("""{"Image":"i"}""").Spec.MaskedPaths);
    }

    [Fact]
    public void Namespaces_OfEveryMode_AreRead()
    {
        var spec = Map("""{"Image":"i","HostConfig":{"PidMode":"container:a","IpcMode":"shareable","UTSMode":"host","UsernsMode":"host","CgroupnsMode":"host"}}""").Spec;

        Assert.Equal(new(NamespaceKind.Container, "a"), spec.PidMode);
        Assert.Equal(new(NamespaceKind.Shareable), spec.IpcMode);
        Assert.Equal(new(NamespaceKind.Host), spec.UtsMode);
        Assert.Equal(new(NamespaceKind.Host), spec.UserNamespaceMode);
        Assert.Equal(new(NamespaceKind.Host), spec.CgroupNamespaceMode);
    }

    [Fact]
    public void Links_AndRangesOfPorts_AreTakenOver()
    {
        var spec = Map("""{"Image":"i","HostConfig":{"Links":["db:database"],"PortBindings":{"80/tcp":[{"HostPort":"8000-8010"}],"90-91/udp":[{"HostPort":"9000-9001"}]}}}""").Spec;

        Assert.Equal(["db:database"], spec.Links);
        Assert.Equal([new(80, "tcp", "", 8000, 8010), new(90, "udp", "", 9000), new(91, "udp", "", 9001)], spec.Ports);
        Assert.Equal(["80/tcp", "90/udp", "91/udp"], spec.ExposedPorts);
    }

    [Fact]
    public void Endpoint_EveryMember_IsTakenOver()
    {
        var spec = Map("""
            {"Image":"i","HostConfig":{"NetworkMode":"shop"},"MacAddress":"02:42:00:00:00:09","NetworkingConfig":{"EndpointsConfig":{"shop":{
            "IPAMConfig":{"IPv4Address":"10.1.0.9","IPv6Address":"fd00::9","LinkLocalIPs":["169.254.1.1"]},"Links":["db:d"],"Aliases":["web","web"],"DriverOpts":{"a":"b"},"GwPriority":7}}}}
            """).Spec;

        var endpoint = Assert.Single(spec.Endpoints!);
        Assert.Equal(("shop", "10.1.0.9", "fd00::9", "02:42:00:00:00:09", 7), (endpoint.Network, endpoint.IPv4Address, endpoint.IPv6Address, endpoint.MacAddress, endpoint.GatewayPriority));
        Assert.Equal("web db:d 169.254.1.1 b", string.Join(' ', [.. endpoint.Aliases, .. endpoint.Links, .. endpoint.LinkLocalAddresses, endpoint.DriverOptions["a"]]));
    }

    [Theory]
    [InlineData("""{"Image":""}""", "no image specified")]
    [InlineData("""{"Image":"i","HostConfig":{"PortBindings":{"80/xyz":[]}}}""", "invalid port specification: \"80/xyz\": unknown protocol")]
    [InlineData("""{"Image":"i","HostConfig":{"PortBindings":{"80-82/tcp":[{"HostPort":"90-91"}]}}}""", "invalid ranges specified for container and host Ports: 80-82/tcp and 90-91")]
    [InlineData("""{"Image":"i","HostConfig":{"PidMode":"shareable"}}""", "invalid PID mode: shareable")]
    [InlineData("""{"Image":"i","HostConfig":{"UTSMode":"nonsense"}}""", "invalid UTS mode: nonsense")]
    [InlineData("""{"Image":"i","Healthcheck":{"Test":["EXEC","x"]}}""", "Unknown healthcheck type 'EXEC' (expected 'CMD')")]
    [InlineData("""{"Image":"i","Healthcheck":{"Test":["CMD","x"],"Interval":5}}""", "Interval in Healthcheck cannot be less than 1ms")]
    public void Value_ThatIsWrong_IsNamed(string body, string message)
    {
        var error = Assert.Throws<ErrorException>(() => Map(body)).Error;

        Assert.Equal(ErrorKind.Invalid, error.Kind);
        Assert.Equal(message, error.Message);
    }

    [Fact]
    public void Endpoints_SeveralBeforeVersion44_AreA400()
    {
        const string body = """{"Image":"i","NetworkingConfig":{"EndpointsConfig":{"a":{},"b":{}}}}""";

        Assert.Equal(ErrorKind.Invalid, Assert.Throws<ErrorException>(() => Map(body, 43)).Error.Kind);
        Assert.Equal(["a", "b"], Map(body, 44).Spec.Endpoints!.Select(e => e.Network));
    }

    private static CreatePlan Map(string json, int minor = 51) =>
        CreateMapping.Map(EngineBody.Parse(Encoding.UTF8.GetBytes(json), EngineBody.Strict.ContainerCreateRequest)!, new ApiVersion(1, minor));
}
