using Portal.Domain.Containers;
using Portal.Web.Components.Pages.Containers;

namespace Portal.Web.Tests.Pages.Containers;

public sealed class ContainerPiecesTests
{
    [Theory]
    [InlineData(ContainerState.Created, "Start Remove")]
    [InlineData(ContainerState.Running, "Stop Restart Kill Remove")]
    [InlineData(ContainerState.Paused, "Stop Restart Kill Remove")]
    [InlineData(ContainerState.Restarting, "Stop Restart Kill Remove")]
    [InlineData(ContainerState.Removing, "")]
    [InlineData(ContainerState.Exited, "Start Remove")]
    [InlineData(ContainerState.Dead, "Remove")]
    public void Actions_ByState(ContainerState state, string expected) =>
        Assert.Equal(expected, string.Join(' ', Enum.GetValues<ContainerAction>().Where(action => action.Fits(state))));

    [Theory]
    [InlineData("POSTGRES_PASSWORD=x", true)]
    [InlineData("db_password=x", true)]
    [InlineData("GITHUB_TOKEN=x", true)]
    [InlineData("AWS_SECRET_ACCESS_KEY=x", true)]
    [InlineData("SSH_KEY=x", true)]
    [InlineData("DATABASE_URL=postgres://shop:pw@db/shop", true)]
    [InlineData("HOMEPAGE=https://example.com/", false)]
    [InlineData("PATH=/bin", false)]
    [InlineData("PWD=/srv", false)]
    [InlineData("KEYBOARD=us", false)]
    public void Environment_HidesWhatLooksSecret(string line, bool secret) => Assert.Equal(secret, EnvironmentVariable.Parse(line).LooksSecret);

    [Fact]
    public void Environment_ValueMayContainEquals()
    {
        Assert.Equal(new("A", "b=c=d"), EnvironmentVariable.Parse("A=b=c=d"));
        Assert.Equal(new("BARE", ""), EnvironmentVariable.Parse("BARE"));
    }

    [Theory]
    [InlineData("0.0.0.0", "tcp", 80, true, "http://portal.example:8080")]
    [InlineData("::", "tcp", 80, true, "http://portal.example:8080")]
    [InlineData("0.0.0.0", "tcp", 443, true, "https://portal.example:8080")]
    [InlineData("0.0.0.0", "tcp", 80, false, "http://castor:8080")]
    [InlineData("10.0.0.7", "tcp", 80, false, "http://10.0.0.7:8080")]
    [InlineData("fd00::7", "tcp", 80, false, "http://[fd00::7]:8080")]
    [InlineData("127.0.0.1", "tcp", 80, true, null)]
    [InlineData("127.0.0.1", "tcp", 80, false, null)]
    [InlineData("0.0.0.0", "udp", 80, true, null)]
    [InlineData("evil\"><script>", "tcp", 80, false, null)]
    public void Port_LinksOnlyWhereABrowserCanGo(string address, string protocol, int inside, bool local, string? expected) =>
        Assert.Equal(expected, PortLink.Of(new(inside, protocol, address, 8080), "castor", local, new Uri("https://portal.example/")));

    [Fact]
    public void Port_Exposed_HasNoLink()
    {
        var port = new PortView(6379, "tcp", null, null);

        Assert.Null(PortLink.Of(port, "castor", true, new Uri("https://portal.example/")));
        Assert.Equal("6379/tcp", PortLink.Label(port));
        Assert.Equal("53→5353/udp", PortLink.Label(new(5353, "udp", "0.0.0.0", 53)));
    }
}
