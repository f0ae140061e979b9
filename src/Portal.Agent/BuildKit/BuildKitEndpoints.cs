using Portal.Agent.BuildKit.Sessions;
using Portal.Agent.BuildKit.Transport;
using Portal.Agent.EngineApi;
using Portal.Agent.EngineApi.Streams;

namespace Portal.Agent.BuildKit;

/// <summary>Where BuildKit's protocol comes in: connections that stop being HTTP/1.1 and become gRPC, in either direction.</summary>
internal sealed class BuildKitEndpoints(ClientSessions sessions, GrpcServer server)
{
    /// <summary>HTTP/2 without TLS.</summary>
    private const string Protocol = "h2c";

    public void Map(RouteTable routes)
    {
        routes.Post("session", SessionAsync);
        routes.Post("grpc", GrpcAsync);
    }

    private async Task SessionAsync(EngineRequest request)
    {
        Hijack.CheckUpgrade(request, Protocol);
        var headers = request.Http.Request.Headers;
        var id = headers[SessionHeaders.Id].ToString();
        sessions.Check(id);
        var stream = await Hijack.TakeForAsync(request, Protocol);
        try
        {
            using var session = new ClientSession(
                id, headers[SessionHeaders.SharedKey].ToString(), headers[SessionHeaders.Method].OfType<string>(), stream.Input, stream.Output);
            await sessions.RunAsync(session, request.Stopping);
        }
        finally
        {
            Hijack.Leave(request.Http);
        }
    }

    private async Task GrpcAsync(EngineRequest request)
    {
        var stream = await Hijack.TakeForAsync(request, Protocol);
        try
        {
            await server.ServeAsync(stream, request.Http.Connection.Id, request.Stopping);
        }
        finally
        {
            Hijack.Leave(request.Http);
        }
    }
}
