using Portal.GeneratedClient;

namespace Portal.Web.E2E;

/// <summary>A client that a generator makes from the API's description, at the portal over a real engine.</summary>
public sealed class GeneratedClientTests(ReadyPortal portal) : IAsyncLifetime
{
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await portal.ClearAsync();

    [Fact]
    public async Task Client_MakesPeopleAndContainers_AndFollowsLongWork() =>
        await ClientFlow.RunAsync(portal.Web, PortalProcess.UserName, PortalProcess.Password, "busybox", async name =>
            Assert.Equal("running", await portal.Docker.InspectAsync(name, "{{.State.Status}}")));
}
