using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public class NetworkChoiceTests
{
    private static readonly ContainerSpec s_spec = new() { Image = "i" };

    [Theory]
    [InlineData("default", "bridge")]
    [InlineData("", "bridge")]
    [InlineData("shop", "shop")]
    [InlineData("idshop", "shop")]
    [InlineData("none", "none")]
    public void Settle_ModeAlone_IsTheOneNetwork(string mode, string name)
    {
        var endpoint = Assert.Single(Settle(s_spec with { NetworkMode = mode }).Endpoints!);

        Assert.Equal((name, "id" + name), (endpoint.Network, endpoint.NetworkId));
    }

    [Fact]
    public void Settle_Several_PutsThatOfTheModeFirstAndTheOthersByName() => Assert.Equal(
        ["shop", "back", "bridge"],
        Settle(s_spec with { NetworkMode = "shop", Endpoints = [new() { Network = "default" }, new() { Network = "back" }, new() { Network = "shop" }] }).Endpoints!.Select(e => e.Network));

    [Fact]
    public void Settle_LinksOnANetworkWithNames_AreNamesThere()
    {
        var settled = Settle(s_spec with { NetworkMode = "shop", Links = ["c1:db"] });

        Assert.Equal(["c1:db"], settled.Endpoints![0].Links);
        Assert.Empty(Settle(s_spec with { Links = ["c1:db"] }).Endpoints![0].Links);
    }

    [Theory]
    [InlineData("host", "shop", "container cannot be disconnected from host network or connected to host network")]
    [InlineData("none", "shop", "container cannot be connected to multiple networks with one of the networks in private (none) mode")]
    [InlineData("container:x", "shop", "container sharing network namespace with another container or host cannot be connected to any other network")]
    [InlineData("nowhere", "shop", "network nowhere not found")]
    public void Settle_WhatDoesNotGoTogether_IsRefused(string mode, string further, string words)
    {
        var error = Assert.Throws<ErrorException>(() => Settle(s_spec with { NetworkMode = mode, Endpoints = [new() { Network = further }] })).Error;

        Assert.Equal((ErrorKind.Invalid, words), (error.Kind, error.Message));
    }

    [Theory]
    [InlineData("bridge", "shop", true)]
    [InlineData("bridge", "none", false)]
    [InlineData("bridge", "host", false)]
    [InlineData("none", "shop", false)]
    [InlineData("host", "shop", false)]
    [InlineData("container:x", "shop", false)]
    public void CheckFurther_Networks_GoTogetherOrNot(string mode, string further, bool good)
    {
        var refusal = Record.Exception(() => NetworkChoice.CheckFurther(s_spec with { NetworkMode = mode }, further));

        Assert.Equal(good, refusal is null);
    }

    [Fact]
    public void CheckFurther_InNoNetwork_MayJoinAny() => Assert.Null(Record.Exception(() => NetworkChoice.CheckFurther(s_spec with { NetworkMode = "none", Endpoints = [] }, "shop")));

    private static ContainerSpec Settle(ContainerSpec spec) => NetworkChoice.Settle(spec, reference => reference.StartsWith("nowhere", StringComparison.Ordinal)
        ? throw NetworkErrors.NotFound(reference)
        : Network(reference.StartsWith("id", StringComparison.Ordinal) ? reference[2..] : reference));

    private static NetworkSnapshot Network(string name) => new("id" + name, default, new() { Name = name, Driver = "bridge" }, []);
}
