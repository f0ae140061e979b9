using Portal.Runtime.Registries;

namespace Portal.Runtime.Tests.Registries;

public sealed class AuthChallengeTests
{
    [Fact]
    public void Bearer_AsDockerHubSendsIt_IsUnderstood()
    {
        var challenge = Assert.Single(AuthChallenge.Parse(["Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:library/x:pull,push\""]));

        Assert.Equal("bearer", challenge.Scheme);
        Assert.Equal("https://auth.docker.io/token", challenge["realm"]);
        Assert.Equal("registry.docker.io", challenge["service"]);
        Assert.Equal("repository:library/x:pull,push", challenge["scope"]);
        Assert.Null(challenge["error"]);
    }

    [Fact]
    public void Several_InOneHeaderAndInMany_AreAllSeen()
    {
        var challenges = AuthChallenge.Parse(["Negotiate, Basic realm=\"a, \\\"b\\\"\"", "bearer REALM=https://x/t , service = s"]);

        Assert.Equal(["negotiate", "basic", "bearer"], challenges.Select(c => c.Scheme));
        Assert.Equal("a, \"b\"", challenges[1]["realm"]);
        Assert.Equal("https://x/t", challenges[2]["realm"]);
        Assert.Equal("s", challenges[2]["service"]);
    }

    [Fact]
    public void Parameter_GivenTwice_MeansTheFirst() =>
        Assert.Equal("https://good", Assert.Single(AuthChallenge.Parse(["Bearer realm=\"https://good\",realm=\"https://bad\""]))["realm"]);

    [Theory]
    [InlineData("")]
    [InlineData(",,, ")]
    [InlineData("\"unfinished")]
    public void Rubbish_IsNoChallenge(string header) => Assert.Empty(AuthChallenge.Parse([header]));

    [Fact]
    public void Header_Endless_IsNotRead() => Assert.Empty(AuthChallenge.Parse(["Basic realm=\"" + new string('x', 10_000) + "\""]));
}
