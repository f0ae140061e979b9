using Portal.Api.Tests.Docker;
using Portal.GeneratedClient;

namespace Portal.Api.Tests.Http;

/// <summary>A client that a generator makes from the committed document, at a portal in memory.</summary>
public sealed class GeneratedClientTests : IAsyncLifetime
{
    private readonly EngineWorld _world = new();

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public void Client_HasAMethodForEveryOperation() => Assert.Empty(
        ApiDocument.Committed.Operations.Select(operation => operation.Id + "Async").Except(typeof(PortalClient).GetMethods().Select(method => method.Name)));

    [Fact]
    public async Task Client_GoesFromTheFirstRunToTheEndOfAContainer()
    {
        _world.Answer("GET /images/busybox/get", 200, "an archive");
        _world.Answer("POST /images/load", 200, """{"stream":"Loaded image: busybox:latest\n"}""");
        _world.Answer("POST /images/create", 200, """{"errorDetail":{"message":"connection refused"},"error":"connection refused"}""");
        using var web = _world.Portal.Client();
        await new PortalClient(web).CompleteSetupAsync(new() { Secret = _world.Portal.SetupSecret, UserName = "ann", Password = PortalHost.Password });

        await ClientFlow.RunAsync(web, "ann", PortalHost.Password, "busybox", name =>
        {
            Assert.Single(_world.Requests, request => request.StartsWith("POST /containers/", StringComparison.Ordinal) && request.EndsWith("/start", StringComparison.Ordinal));
            return Task.CompletedTask;
        });

        Assert.Single(_world.Requests, request => request.StartsWith("DELETE /containers/", StringComparison.Ordinal));
        Assert.Equal("an archive", _world.Body);
    }
}
