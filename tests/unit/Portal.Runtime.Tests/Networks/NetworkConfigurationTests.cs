using Portal.Domain.Primitives;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public class NetworkConfigurationTests
{
    private static readonly NetworkSpec s_plan = new()
    {
        Name = "plan", Driver = "null", ConfigOnly = true, EnableIPv6 = true, Pools = [new("10.1.0.0/16"), new("fd00::/64")],
        Options = new Dictionary<string, string> { ["parent"] = "eth0.50" }, Labels = new Dictionary<string, string> { ["of"] = "plan" },
    };

    private static readonly NetworkSpec s_user = new() { Name = "user", Driver = "macvlan", ConfigFrom = "plan" };

    [Fact]
    public void Apply_ConfigurationItself_HasNoDriver() => Assert.Equal("null", Apply(new() { Name = "plan", Driver = "bridge", ConfigOnly = true }).Driver);

    [Fact]
    public void Apply_ThatDependsOnOne_HasItsSettingsAndItsOwnDriver()
    {
        var spec = Apply(s_user);

        Assert.Equal(("user", "macvlan", "plan", false, true), (spec.Name, spec.Driver, spec.ConfigFrom, spec.ConfigOnly, spec.EnableIPv6));
        Assert.Equal((s_plan.Pools, s_plan.Options, s_plan.Labels), (spec.Pools, spec.Options, spec.Labels));
    }

    [Fact]
    public void Apply_ThatDependsOnNone_IsAsAskedFor()
    {
        NetworkSpec spec = new() { Name = "own", Driver = "bridge", Pools = [new("10.2.0.0/16")] };

        Assert.Same(spec, Apply(spec));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("other")] // a network, but none that configures
    public void Apply_ThatDependsOnWhatIsNotThere_IsNotFound(string name)
    {
        var error = Assert.Throws<ErrorException>(() => Apply(s_user with { ConfigFrom = name })).Error;

        Assert.Equal((ErrorKind.NotFound, $"configuration network \"{name}\" does not exist"), (error.Kind, error.Message));
    }

    public static TheoryData<string, string> Contradictions => new()
    {
        { "internal", "configuration network can only contain network specific fields" },
        { "depends", "a configuration network cannot depend on another configuration network" },
        { "pool", "user specified configurations are not supported if the network depends on a configuration network" },
        { "ipv6", "user specified configurations are not supported if the network depends on a configuration network" },
        { "option", "network driver options are not supported if the network depends on a configuration network" },
    };

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void Apply_Contradiction_IsRefusedAsDockerDoes(string what, string words)
    {
        var spec = what switch
        {
            "internal" => s_plan with { Internal = true },
            "depends" => s_plan with { ConfigFrom = "plan" },
            "pool" => s_user with { Pools = [new("10.3.0.0/16")] },
            "ipv6" => s_user with { EnableIPv6 = true },
            _ => s_user with { Options = s_plan.Options },
        };

        var error = Assert.Throws<ErrorException>(() => Apply(spec)).Error;

        Assert.Equal(ErrorKind.Forbidden, error.Kind);
        Assert.StartsWith(words, error.Message, StringComparison.Ordinal);
    }

    private static NetworkSpec Apply(NetworkSpec spec) => NetworkConfiguration.Apply(
        spec, [new("1", DateTimeOffset.UnixEpoch, s_plan), new("2", DateTimeOffset.UnixEpoch, new() { Name = "other", Driver = "bridge" })]);
}
