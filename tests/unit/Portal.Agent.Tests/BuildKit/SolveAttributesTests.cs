using Portal.Agent.BuildKit.Solving;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Agent.Tests.BuildKit;

public sealed class SolveAttributesTests
{
    [Fact]
    public void Nothing_HasTheDefaults()
    {
        var read = Read();

        Assert.Equal("Dockerfile", read.Dockerfile);
        Assert.Equal("dockerfile", read.DockerfileFolder);
        Assert.Equal("context", read.ContextFolder);
        Assert.Null(read.RemoteContext);
        Assert.Equal("default", read.Network);
        Assert.False(read.NoCache || read.Pull);
        Assert.Empty(read.NoCacheStages);
        Assert.Null(read.Target);
        Assert.Null(read.Question);
    }

    [Fact]
    public void Everything_IsRead()
    {
        var read = Read(
            ("filename", "a/b"), ("target", "t"), ("build-arg:A", "1"), ("build-arg:E", ""), ("label:l", "v"), ("platform", "linux/amd64"), ("no-cache", "x,y"),
            ("image-resolve-mode", "pull"), ("add-hosts", "a=1.2.3.4,\"b=::1\""), ("force-network-mode", "host"), ("shm-size", "1024"), ("ulimit", "nofile=10:20,nproc=5"),
            ("cgroup-parent", "/p"), ("context:n", "docker-image://busybox"), ("sharedkey:localdir:context", "k"), ("local-sessionid:context", "s"), ("memory", "1000"),
            ("memswap", "-1"), ("cpuquota", "50"), ("cpusetcpus", "0-1"), ("cache-from", "r1,r2"),
            ("cache-imports", """[{"Type":"registry","Attrs":{"ref":"r3"}},{"Type":"gha","Attrs":{}}]"""));

        Assert.Equal("a/b", read.Dockerfile);
        Assert.Equal("t", read.Target);
        Assert.Equal("1", read.Arguments["A"]);
        Assert.Equal("", read.Arguments["E"]);
        Assert.Equal("v", read.Labels["l"]);
        Assert.Equal("linux/amd64", read.Platform);
        Assert.Equal(["x", "y"], read.NoCacheStages);
        Assert.False(read.NoCache);
        Assert.True(read.Pull);
        Assert.Equal(["a:1.2.3.4", "b:::1"], read.ExtraHosts);
        Assert.Equal("host", read.Network);
        Assert.Equal(1024, read.ShmSizeBytes);
        Assert.Equal([new UlimitSpec("nofile", 10, 20), new("nproc", 5, 5)], read.Ulimits);
        Assert.Equal("/p", read.CgroupParent);
        Assert.Equal("docker-image://busybox", read.NamedContexts["n"]);
        Assert.Equal("k", read.SharedKeys["context"]);
        Assert.Equal("s", read.Sessions["context"]);
        Assert.Equal(new ContainerResources { MemoryBytes = 1000, MemorySwapBytes = -1, CpuQuota = 50, CpusetCpus = "0-1" }, read.Resources);
        Assert.Equal(["r3", "r1", "r2"], read.CacheFrom);
    }

    [Fact]
    public void NoCache_WithoutStages_IsForAll() => Assert.True(Read(("no-cache", "")).NoCache);

    [Fact]
    public void Request_ForAnAnswer_IsAQuestion() => Assert.Equal("lint", Read(("requestid", "frontend.lint"), ("frontend.caps", "moby.buildkit.frontend.subrequests+forward")).Question);

    [Theory]
    [InlineData("docker/dockerfile:1")]
    [InlineData("docker.io/docker/dockerfile:1.7-labs@sha256:0000")]
    [InlineData("docker/dockerfile-upstream:master")]
    public void Frontend_OfDocker_IsBuiltIn(string source) => Assert.Equal("Dockerfile", SolveAttributes.Read("gateway.v0", new Dictionary<string, string> { ["source"] = source }).Dockerfile);

    [Theory]
    [InlineData("gateway.v0", "example.com/docker/dockerfile", "frontend example.com/docker/dockerfile is not supported")]
    [InlineData("gateway.v0", "docker/dockerfilex:1", "is not supported")]
    [InlineData("", "", "builds from a definition (LLB) are not supported")]
    [InlineData("other.v0", "", "frontend: other.v0 not found")]
    public void Frontend_OfOthers_IsRefused(string frontend, string source, string words) =>
        Assert.Contains(words, Assert.Throws<ErrorException>(() => SolveAttributes.Read(frontend, new Dictionary<string, string> { ["source"] = source })).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("attest:sbom", "generator=x", "attestations (sbom) are not supported")]
    [InlineData("attest:provenance", "mode=max", "attestations (provenance) are not supported")]
    [InlineData("platform", "linux/amd64,linux/arm64", "one platform at a time")]
    [InlineData("multi-platform", "true", "one platform at a time")]
    [InlineData("build-arg:BUILDKIT_MULTI_PLATFORM", "true", "one platform at a time")]
    [InlineData("hostname", "h", "a host name for RUN")]
    [InlineData("frontend.caps", "moby.buildkit.frontend.contexts,new.thing+forward", "unsupported frontend capability new.thing")]
    [InlineData("force-network-mode", "mine", "invalid netmode mine")]
    [InlineData("image-resolve-mode", "x", "invalid image-resolve-mode: x")]
    [InlineData("add-hosts", "a", "invalid key-value pair a")]
    [InlineData("add-hosts", "a=b", "failed to parse IP b")]
    [InlineData("ulimit", "nofile=x", "invalid ulimit argument: nofile=x")]
    [InlineData("shm-size", "-5", "invalid shm-size value: -5")]
    [InlineData("memory", "0", "invalid memory value: 0")]
    [InlineData("cache-imports", "{", "failed to unmarshal cache-imports")]
    [InlineData("requestid", "other", "unsupported request other")]
    public void Wrong_IsRefusedInWords(string key, string value, string words) =>
        Assert.Contains(words, Assert.Throws<ErrorException>(() => Read((key, value))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("attest:provenance", "mode=min,inline-only=true")]
    [InlineData("attest:provenance", "disabled=true")]
    [InlineData("vcs:revision", "abc")]
    public void WhatIsOnlyWished_IsPassedOver(string key, string value) => Assert.Equal("Dockerfile", Read((key, value)).Dockerfile);

    [Theory]
    [InlineData("a,b", new[] { "a", "b" })]
    [InlineData("", new[] { "" })]
    [InlineData("a,", new[] { "a", "" })]
    [InlineData("\"a,b\",c", new[] { "a,b", "c" })]
    [InlineData("\"a\"\"b\"", new[] { "a\"b" })]
    public void Csv_IsReadByField(string line, string[] fields) => Assert.Equal(fields, SolveAttributes.Csv(line));

    [Fact]
    public void Csv_WithoutAnEnd_IsRefused() => Assert.Throws<ErrorException>(() => SolveAttributes.Csv("\"a"));

    private static SolveAttributes Read(params (string Key, string Value)[] attributes) =>
        SolveAttributes.Read("dockerfile.v0", attributes.ToDictionary(a => a.Key, a => a.Value));
}
