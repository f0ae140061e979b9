using System.Net;
using System.Text.Json;
using Portal.Agent.EngineApi.Mapping;
using Portal.Agent.Tests.EngineApi.Fakes;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Runtime.Containers;
using Portal.Runtime.Networks;

namespace Portal.Agent.Tests.EngineApi.Mapping;

public sealed class ContainerMappingTests
{
    private static readonly ContainerSpec s_spec = new()
    {
        Image = "busybox",
        Command = ["sh", "-c", "echo a; sleep 9"],
        ExposedPorts = ["80/tcp", "90/udp"],
        Ports = [new(80, "tcp", "", 0)],
        Mounts = [new(MountKind.Bind, "/a", "/b", ReadOnly: true) { Origin = MountOrigin.Binds, AsGiven = "/a:/b:ro" }],
        Resources = new() { MemoryBytes = 64 << 20 },
    };

    private static readonly NetworkAttachment s_place = new(
        Some.Id, "/ns",
        [
            new("n1", "bridge", "bridge", "e1", "eth0", "veth1", new(IPAddress.Parse("172.29.0.2"), 16, IPAddress.Parse("172.29.0.1")), null, "02:42:ac:1d:00:02", 0, false,
                [new(80, "tcp", IPAddress.Any, 32768)]),
        ]);

    [Fact]
    public void Inspect_InSeveralNetworks_ShowsWhatItHasAndWhatItWasAskedFor()
    {
        var spec = s_spec with
        {
            Endpoints = [new() { Network = "bridge", NetworkId = "n1" }, new() { Network = "shop", NetworkId = "n2", Aliases = ["web"], IPv4Address = "10.1.0.9", GatewayPriority = 3 }],
        };
        var place = s_place with
        {
            Endpoints = [.. s_place.Endpoints, new("n2", "shop", "bridge", "e2", "eth1", "veth2", new(IPAddress.Parse("10.1.0.9"), 24, null), new(IPAddress.Parse("fd00::9"), 64, null), null, 3, false, [])],
        };

        var inspect = ContainerMapping.Inspect(Some.Container("web", spec) with { Attachment = place }, Some.Places, [], new FakeRuntimeInfo(), ApiVersion.Highest);
        var older = ContainerMapping.Inspect(Some.Container("web", spec) with { Attachment = place }, Some.Places, [], new FakeRuntimeInfo(), new(1, 41));

        var shop = inspect.NetworkSettings.Networks["shop"];
        Assert.Equal(("10.1.0.9", "fd00::9", 64, "e2", 3), (shop.IPAddress, shop.GlobalIPv6Address, shop.GlobalIPv6PrefixLen, shop.EndpointID, shop.GwPriority));
        Assert.Equal("10.1.0.9", shop.IPAMConfig!.IPv4Address);
        Assert.Equal(["web"], shop.Aliases!);
        Assert.Equal(["web", Some.Id.Abbreviated], shop.DNSNames!);
        Assert.Null(inspect.NetworkSettings.Networks["bridge"].DNSNames);
        Assert.Equal(["web", Some.Id.Abbreviated], older.NetworkSettings.Networks["shop"].Aliases!);
        Assert.Equal("172.29.0.2", inspect.NetworkSettings.IPAddress);
    }

    [Fact]
    public void Inspect_Links_AreShownAsClientsReadThem()
    {
        var container = Some.Container("web", s_spec with { Links = ["c1:database"], Ports = [new(80, "tcp", "", 8000, 8010)] });

        var host = HostConfigMapping.Show(container, new FakeRuntimeInfo(), id => id == "c1" ? "db" : null);

        Assert.Equal(["/db:/web/database"], host.Links!);
        Assert.Equal("8000-8010", host.PortBindings!["80/tcp"]![0].HostPort);
    }

    [Fact]
    public void Inspect_RunningContainer_ShowsPortsAndTheDefaultBridgeAddress()
    {
        var inspect = ContainerMapping.Inspect(Some.Container("web", s_spec) with { Attachment = s_place }, Some.Places, [], new FakeRuntimeInfo(), ApiVersion.Highest);

        Assert.Equal("/web", inspect.Name);
        Assert.Equal(("sh", 2), (inspect.Path, inspect.Args.Count));
        Assert.Equal("2026-11-23T19:00:00Z", inspect.State.StartedAt);
        Assert.Equal("0001-01-01T00:00:00Z", inspect.State.FinishedAt);
        Assert.Equal("172.29.0.2", inspect.NetworkSettings.IPAddress);
        Assert.Equal("172.29.0.2", inspect.NetworkSettings.Networks["bridge"].IPAddress);
        Assert.Equal("32768", inspect.NetworkSettings.Ports["80/tcp"]![0].HostPort);
        Assert.Null(inspect.NetworkSettings.Ports["90/udp"]);
        Assert.Equal(["/a:/b:ro"], inspect.HostConfig.Binds!);
        Assert.Equal("", inspect.HostConfig.PortBindings!["80/tcp"]![0].HostPort);
        Assert.Equal(128 << 20, inspect.HostConfig.MemorySwap);
        Assert.Equal(64 << 20, inspect.HostConfig.ShmSize);
        Assert.Equal(Some.Id.Abbreviated, inspect.Config.Hostname);
    }

    [Fact]
    public void Inspect_WhatIsNotSaid_IsLeftOutOrNullAsInDocker()
    {
        var container = Some.Container("web", s_spec);
        container = container with { Effective = container.Effective with { HealthCheck = new(["CMD", "true"], TimeSpan.FromSeconds(1), default, default, default, 0) } };

        var json = JsonSerializer.SerializeToElement(
            ContainerMapping.Inspect(container, Some.Places, [], new FakeRuntimeInfo(), ApiVersion.Highest), EngineJson.Default.ContainerInspect);

        Assert.Equal("""{"Test":["CMD","true"],"Interval":1000000000}""", json.GetProperty("Config").GetProperty("Healthcheck").GetRawText());
        Assert.False(json.GetProperty("Config").TryGetProperty("Shell", out _));
        Assert.Equal(JsonValueKind.Null, json.GetProperty("NetworkSettings").GetProperty("SecondaryIPAddresses").ValueKind);
    }

    [Theory]
    [InlineData("", "json-file", "/log")]
    [InlineData("json-file", "json-file", "/log")]
    [InlineData("local", "local", "")] // the file is the engine's own affair
    [InlineData("journald", "journald", "")]
    public void Inspect_LogConfig_IsEchoedAndThePathShownOfJsonFileOnly(string driver, string shown, string path)
    {
        var spec = s_spec with { Log = new(driver, new Dictionary<string, string> { ["max-size"] = "1m" }) };

        var inspect = ContainerMapping.Inspect(Some.Container("web", spec), Some.Places, [], new FakeRuntimeInfo(), ApiVersion.Highest);

        Assert.Equal((shown, path), (inspect.HostConfig.LogConfig?.Type, inspect.LogPath));
        Assert.Equal(new() { ["max-size"] = "1m" }, inspect.HostConfig.LogConfig!.Config!);
    }

    [Fact]
    public void Inspect_LostOutput_IsShownOnlyWhenThereIsSome()
    {
        Assert.Null(ContainerMapping.Inspect(Some.Container(), Some.Places, [], new FakeRuntimeInfo(), ApiVersion.Highest).State.LogBytesLost);
        Assert.Equal(7, ContainerMapping.Inspect(Some.Container(status: Some.Running with { LogBytesLost = 7 }), Some.Places, [], new FakeRuntimeInfo(), ApiVersion.Highest).State.LogBytesLost);
    }

    [Fact]
    public void Inspect_Places_AreShown()
    {
        var inspect = ContainerMapping.Inspect(Some.Container(), Some.Places, [], new FakeRuntimeInfo(), ApiVersion.Highest);

        Assert.Equal(("/c/resolv.conf", "/c/hosts", "/c/hostname", "portal-default"), (inspect.ResolvConfPath, inspect.HostsPath, inspect.HostnamePath, inspect.AppArmorProfile));
        Assert.Equal("LowerDir=/l/2:/l/1 MergedDir=/c/merged UpperDir=/c/diff WorkDir=/c/work", string.Join(' ', inspect.GraphDriver.Data!.Select(d => $"{d.Key}={d.Value}")));
        Assert.Equal(("/proc/kcore", "/proc/sys", "crun"), (inspect.HostConfig.MaskedPaths![0], inspect.HostConfig.ReadonlyPaths![0], inspect.HostConfig.Runtime));
    }

    [Fact]
    public void Inspect_PathsOfOnesOwnOrNone_AreShownAsTheyAre()
    {
        static Domain.Engine.Models.HostConfig Show(ContainerSpec spec) => HostConfigMapping.Show(Some.Container(spec: spec), new FakeRuntimeInfo(), _ => null);

        Assert.Equal(["/x"], Show(Some.Spec with { MaskedPaths = ["/x"] }).MaskedPaths!);
        Assert.Empty(Show(Some.Spec with { SecurityOptions = ["systempaths=unconfined"] }).ReadonlyPaths!);
        Assert.Null(Show(Some.Spec with { Privileged = true }).MaskedPaths);
        Assert.Equal("youki", Show(Some.Spec with { Runtime = "youki" }).Runtime);
    }

    [Fact]
    public void Inspect_InAnothersNetwork_HasNoneOfItsOwn()
    {
        var container = Some.Container(spec: Some.Spec with { NetworkMode = "container:" + Some.Id }) with { JoinedHostname = "donor" };

        var inspect = ContainerMapping.Inspect(container, Some.Places, [], new FakeRuntimeInfo(), ApiVersion.Highest);

        Assert.Empty(inspect.NetworkSettings.Networks);
        Assert.Empty(inspect.NetworkSettings.Ports);
        Assert.Equal(("container:" + Some.Id, "donor"), (inspect.HostConfig.NetworkMode, inspect.Config.Hostname));
        Assert.Empty(ContainerMapping.Summarize(container, "busybox", [], Some.Time).NetworkSettings.Networks);
    }

    [Fact]
    public void Info_Host_IsToldAsItIs()
    {
        var info = new Domain.Engine.Models.SystemInfo { CgroupVersion = "2", IPv4Forwarding = true };
        InfoMapping.Show(new FakeRuntimeInfo().Read(), info, ApiVersion.Highest);

        Assert.Equal(["WARNING: No io.weight support", "CDI: failed to load CDI Spec /etc/cdi/x.yaml: bad"], info.Warnings);
        Assert.Equal(["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"], info.SecurityOptions);
        Assert.Equal((true, false, true), (info.SwapLimit, info.OomKillDisable, info.CPUSet));
        Assert.Equal(("/usr/bin/crun", "crun"), (info.Runtimes["io.containerd.runc.v2"].Path, info.DefaultRuntime));
        Assert.Equal(("cdi", "acme.com/gadget=one"), info.DiscoveredDevices!.Select(d => (d.Source, d.ID)).Single());
        Assert.Equal(["/etc/cdi"], info.CDISpecDirs!);
    }

    [Fact]
    public void Info_CgroupV1WithoutForwarding_WarnsInDockersWords()
    {
        var info = new Domain.Engine.Models.SystemInfo { CgroupVersion = "1" };
        var runtime = new FakeRuntimeInfo().Read();
        InfoMapping.Show(runtime with { Limits = new() { Swap = false, OomKillDisable = false, BlockWeight = false, CpuQuota = false }, AppArmor = default, Seccomp = false, HelperComplaints = ["crun 1.7 is old"] }, info, new(1, 43));

        Assert.Equal(
            ["WARNING: No swap limit support", "WARNING: No oom kill disable support", "WARNING: No cpu cfs quota support", "WARNING: No cpu cfs period support", "WARNING: IPv4 forwarding is disabled", "WARNING: crun 1.7 is old"],
            info.Warnings);
        Assert.Equal(["name=cgroupns"], info.SecurityOptions);
        Assert.Null(info.CDISpecDirs);
        Assert.Null(info.DiscoveredDevices);
    }

    [Fact]
    public void Summary_RunningContainer_ReadsAsDockersList()
    {
        var summary = ContainerMapping.Summarize(Some.Container("web", s_spec) with { Attachment = s_place }, "busybox", [], Some.Time.AddMinutes(3));

        Assert.Equal("sh -c 'echo a; sleep 9'", summary.Command);
        Assert.Equal("Up 3 minutes", summary.Status);
        Assert.Equal("bridge", summary.HostConfig.NetworkMode);
        Assert.Equal([(80, 32768), (90, null)], summary.Ports.Select(p => (p.PrivatePort, p.PublicPort)));
    }

    [Theory]
    [InlineData(0, "Less than a second")]
    [InlineData(1, "1 second")]
    [InlineData(59, "59 seconds")]
    [InlineData(60, "About a minute")]
    [InlineData(120, "2 minutes")]
    [InlineData(3599, "59 minutes")]
    [InlineData(3600, "About an hour")]
    [InlineData(5400, "2 hours")]
    [InlineData(47 * 3600, "47 hours")]
    [InlineData(48 * 3600, "2 days")]
    [InlineData(14 * 86400, "2 weeks")]
    [InlineData(60 * 86400, "2 months")]
    [InlineData(730 * 86400, "2 years")]
    public void Duration_Always_IsInDockersWords(int seconds, string words) => Assert.Equal(words, HumanDuration.Format(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Sentence_OfEveryState_IsDockers()
    {
        var exited = new ContainerStatus(ContainerState.Exited, 0, 137, Some.Time, Some.Time, false, "");

        Assert.Equal("Created", HumanDuration.Sentence(ContainerStatus.Created, Some.Time));
        Assert.Equal("Exited (137) 2 minutes ago", HumanDuration.Sentence(exited, Some.Time.AddMinutes(2)));
        Assert.Equal("Up 5 seconds (Paused)", HumanDuration.Sentence(Some.Running with { State = ContainerState.Paused }, Some.Time.AddSeconds(5)));
        Assert.Equal("Restarting (137) 5 seconds ago", HumanDuration.Sentence(exited with { State = ContainerState.Restarting }, Some.Time.AddSeconds(5)));
        Assert.Equal("Up Less than a second", HumanDuration.Sentence(Some.Running, Some.Time.AddHours(-1)));
    }

    [Fact]
    public void ImageName_OnceTheTagMoved_IsTheId()
    {
        var tags = new Dictionary<string, Domain.Primitives.Digest> { ["busybox:latest"] = Some.Digest, ["other:latest"] = Domain.Primitives.Digest.Of("x"u8) };

        Assert.Equal("busybox", ImageName.OfContainer("busybox", Some.Digest, tags));
        Assert.Equal("docker.io/library/busybox", ImageName.OfContainer("docker.io/library/busybox", Some.Digest, tags));
        Assert.Equal(Some.Digest.ToString(), ImageName.OfContainer("other", Some.Digest, tags));
        Assert.Equal(Some.Digest.ToString(), ImageName.OfContainer("gone", Some.Digest, tags));
        Assert.Equal(Some.Digest.Hex[..12], ImageName.OfContainer(Some.Digest.Hex[..12], Some.Digest, tags));
    }

    [Fact]
    public void Changes_OfAnImport_SetTheImagesDefaults()
    {
        var config = ImageChanges.Parse(["CMD [\"sh\"]", "ENTRYPOINT run it", "ENV A=b \"C=d e\"", "ENV OLD some words", "EXPOSE 80 53/udp", "label x=y", "WORKDIR /w"]);

        Assert.Equal(["sh"], config.Command!);
        Assert.Equal(["/bin/sh", "-c", "run it"], config.Entrypoint!);
        Assert.Equal(["A=b", "C=d e", "OLD=some words"], config.Environment);
        Assert.Equal(["80/tcp", "53/udp"], config.ExposedPorts);
        Assert.Equal("y", config.Labels["x"]);
        Assert.Equal("/w", config.WorkingDirectory);
        Assert.Equal("RUN is not a valid change command", Assert.Throws<Domain.Primitives.ErrorException>(() => ImageChanges.Parse(["RUN x"])).Message);
    }
}
