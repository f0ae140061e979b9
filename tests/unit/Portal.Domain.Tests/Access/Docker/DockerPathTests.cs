using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Engine;

namespace Portal.Domain.Tests.Access.Docker;

public sealed class DockerPathTests
{
    [Theory]
    [InlineData("/_ping", null, "_ping")]
    [InlineData("/v1.24/containers/json", 24, "containers json")]
    [InlineData("/v1.9/info", 9, "info")]
    [InlineData("/v1.51/images/registry.example.com:5000/team/web:1.2/json", 51, "images registry.example.com:5000 team web:1.2 json")]
    [InlineData("/images/busybox%40sha256%3Aab/json", null, "images busybox@sha256:ab json")]
    public void Path_OfAClient_IsTakenApart(string text, int? minor, string segments)
    {
        Assert.True(DockerPath.TryParse(text, out var path));

        Assert.Equal(minor is { } number ? new ApiVersion(1, number) : null, path.Version);
        Assert.Equal(segments.Split(' '), path.Segments);
    }

    [Theory]
    [InlineData("")]
    [InlineData("containers/json")]
    [InlineData("/")]
    [InlineData("//containers/json")]
    [InlineData("/containers//json")]
    [InlineData("/containers/json/")]
    [InlineData("/v1.44")]
    [InlineData("/v1.44/")]
    [InlineData("/containers/../swarm")]
    [InlineData("/containers/./json")]
    [InlineData("/containers/a%2Fb/json")]
    [InlineData("/containers/a%2fb/json")]
    [InlineData("/containers/%2e%2e/swarm")]
    [InlineData("/containers/a%00/json")]
    [InlineData("/containers/a%252Fb/json")]
    [InlineData("/containers/a\\b/json")]
    [InlineData("/containers/a;b/json")]
    [InlineData("/containers/a b/json")]
    [InlineData("/containers/ä/json")]
    [InlineData("/containers/json?x")]
    public void Path_ThatReadsInTwoWays_IsNone(string text) => Assert.False(DockerPath.TryParse(text, out _));

    [Theory]
    [InlineData("GET", "/v1.44/Containers/json")]
    [InlineData("GET", "/V1.44/containers/json")]
    [InlineData("GET", "/v2.0/containers/json")]
    [InlineData("GET", "/v1.044/containers/json")]
    [InlineData("GET", "/v1.44/v1.44/containers/json")]
    [InlineData("get", "/v1.44/containers/json")]
    [InlineData("PATCH", "/v1.44/containers/json")]
    [InlineData("GET", "/v1.44/containers/x/secrets")]
    [InlineData("GET", "/")]
    public void Request_ThatIsNotInTheCatalogue_IsRefused(string method, string path) => Assert.NotNull(DockerCall.Find(method, path, "").Error);

    [Theory]
    [InlineData("POST", "/v1.44/swarm/init")]
    [InlineData("POST", "/services/create")]
    [InlineData("POST", "/plugins/pull")]
    [InlineData("POST", "/plugins/vieux/sshfs/enable")]
    [InlineData("GET", "/control/v1/volumes/v/files")]
    [InlineData("PUT", "/v1.44/control/v1/volumes/v/content")]
    [InlineData("POST", "/containers/x/checkpoints")]
    public void Operation_ThatNobodyMayDo_IsRefusedWithItsName(string method, string path)
    {
        var error = DockerCall.Find(method, path, "").Error;

        Assert.Equal("docker.route", error?.Code);
        Assert.StartsWith(method + " /", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Catalogue_EachOperation_IsFoundByAPathOfItsOwn() => Assert.All(DockerCatalogue.All, operation =>
    {
        var path = operation.Template.Replace("{name*}", "a/b", StringComparison.Ordinal).Replace("{rest*}", "v1/x", StringComparison.Ordinal)
            .Replace("{id}", "a", StringComparison.Ordinal).Replace("{name}", "a", StringComparison.Ordinal);

        Assert.Same(operation, DockerCatalogue.Find(operation.Method, path.Split('/'), out _));
    });

    [Fact]
    public void Catalogue_Sweeping_TakesAll() =>
        Assert.All(DockerCatalogue.All.Where(operation => operation.Template.EndsWith("/prune", StringComparison.Ordinal)), operation => Assert.Equal(DockerPlace.Everything, operation.Place));

    [Theory]
    [InlineData("name=a&t=b+c&x=%26", "name=a&t=b%20c&x=%26")]
    [InlineData("all&&limit=1", "all=&limit=1")]
    [InlineData("", "")]
    public void Query_IsSentAsItWasRead(string text, string sent)
    {
        Assert.True(DockerQuery.TryParse(text, out var query));

        Assert.Equal(sent, query.ToString());
    }

    [Theory]
    [InlineData("networkmode=none;networkmode=host")]
    [InlineData("a=%")]
    [InlineData("a=%2")]
    [InlineData("a=%zz")]
    public void Query_ThatReadsInTwoWays_IsNone(string text) => Assert.False(DockerQuery.TryParse(text, out _));
}
