using System.Reflection;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Portal.Api.Adapters.Hosts;
using Portal.Api.Live;
using Portal.Api.Security;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;

namespace Portal.Api.Tests.Matrix;

/// <summary>Every method of the hub, called by everybody. What must come of it follows from the declaration beside the method.</summary>
public class HubMatrixTests
{
    private static readonly MethodInfo[] s_methods = [.. typeof(LiveHub).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).Where(method => !method.IsVirtual || method.GetBaseDefinition() == method)];

    public static TheoryData<string> Callers => [.. Caller.All.Keys];

    [Fact]
    public void Method_WithoutADeclaration_ThereIsNone() =>
        Assert.Empty(s_methods.Where(method => method.GetCustomAttribute<NeedsAttribute>() is null).Select(method => method.Name));

    [Theory]
    [MemberData(nameof(Callers))]
    public async Task Method_CalledBy_AnswersAsDeclared(string name)
    {
        var caller = Caller.All[name];
        await using var world = await ExampleWorld.StartAsync();
        await world.PrepareAsync("");
        var (client, _) = await caller.ConnectAsync(world);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        await using var hub = Hub(world.Portal, client.DefaultRequestHeaders.Authorization?.ToString());
        client.Dispose();
        if (!caller.IsSignedIn)
        {
            await Assert.ThrowsAnyAsync<Exception>(() => hub.StartAsync(limit.Token));
            return;
        }

        await hub.StartAsync(limit.Token);
        _ = await world.RefusalsAsync();
        List<string> wrong = [];
        foreach (var method in s_methods)
        {
            var required = method.GetCustomAttribute<NeedsAttribute>()!.Required;
            var expected = caller.Of(required, required.On is not (On.Portal or On.Hosts or On.Host or On.PartOfHost));
            var code = await CallAsync(world.Portal, hub, method, limit.Token);
            var got = code switch
            {
                null => Verdict.Allowed,
                _ when code.EndsWith(".unknown", StringComparison.Ordinal) => Verdict.NotThere,
                _ => Verdict.Forbidden,
            };
            var refusals = await world.RefusalsAsync();
            if (got != expected || refusals.Count != (code is null ? 0 : 1) || (code is not null && refusals[0].Outcome != code))
            {
                wrong.Add($"{method.Name} must be {expected} and was {got} ({code}); recorded: {string.Join(", ", refusals.Select(line => line.Outcome))}");
            }
        }

        Assert.True(wrong.Count == 0, $"As {caller}:\n{string.Join('\n', wrong)}");
    }

    /// <summary>The code of the refusal; null when something came.</summary>
    private static async Task<string?> CallAsync(PortalHost portal, HubConnection hub, MethodInfo method, CancellationToken ct)
    {
        var arguments = method.GetParameters().Where(parameter => parameter.ParameterType != typeof(CancellationToken)).Select(parameter => (object?)(parameter.Name switch
        {
            "host" => "local",
            "id" => "web",
            "tail" => 1,
            "follow" => false,
            _ => throw new InvalidOperationException($"There is no example for {parameter.Name} of {method.Name}."),
        })).ToArray();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            await using var items = hub.StreamAsyncCore<object>(method.Name, arguments, enough.Token).GetAsyncEnumerator(enough.Token);
            var first = items.MoveNextAsync().AsTask();
            for (var cpu = 1; !first.IsCompleted; cpu++)
            {
                // Some methods have nothing to say until the engine does.
                portal.Engine.Sample(new StatsSample(
                    new HostStats(DateTimeOffset.UnixEpoch.AddSeconds(cpu), cpu, 1, 2, 3, 4, 5), [new ContainerStats(ExampleWorld.Web, DateTimeOffset.UnixEpoch.AddSeconds(cpu), cpu, 1, 2, 3, 4, 5, 6, 7)]));
                await Task.WhenAny(first, Task.Delay(1, ct));
            }

            _ = await first;
            await enough.CancelAsync();
            return null;
        }
        catch (HubException e)
        {
            return e.Message[(e.Message.IndexOf("HubException: ", StringComparison.Ordinal) + "HubException: ".Length)..].Split(':')[0];
        }
    }

    private static HubConnection Hub(PortalHost portal, string? authorization) => new HubConnectionBuilder().WithUrl("https://localhost/hubs/live", options =>
    {
        options.SkipNegotiation = true;
        options.Transports = HttpTransportType.WebSockets;
        options.WebSocketFactory = async (_, ct) =>
        {
            var sockets = portal.Server.CreateWebSocketClient();
            sockets.ConfigureRequest = request =>
            {
                request.Headers.Origin = "https://localhost";
                request.Headers.Authorization = authorization;
            };
            return await sockets.ConnectAsync(new Uri("https://localhost/hubs/live"), ct);
        };
    }).Build();
}
