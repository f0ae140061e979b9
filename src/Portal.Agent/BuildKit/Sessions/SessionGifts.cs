using Google.Protobuf;
using Grpc.Core;
using Portal.Agent.BuildKit.Transport;
using Portal.Agent.BuildKit.Wire.Session;
using Portal.Agent.BuildKit.Wire.Ssh;
using Portal.Domain.Engine;
using Portal.Runtime.Builds;
using Portal.Runtime.Registries;

namespace Portal.Agent.BuildKit.Sessions;

/// <summary>Secrets of a client.</summary>
internal sealed class SessionSecrets(ClientSession session) : IBuildSecrets
{
    private const int Largest = 500 * 1024;

    public async Task<byte[]?> GetAsync(string id, CancellationToken ct)
    {
        session.Demand();
        if (!session.Serves("/moby.buildkit.secrets.v1.Secrets/GetSecret"))
        {
            return null;
        }

        try
        {
            var answer = await new Secrets.SecretsClient(session.Calls).GetSecretAsync(new() { Id = id }, cancellationToken: ct);
            return answer.Data.Length <= Largest ? answer.Data.ToByteArray() : throw EngineErrors.Invalid("build.secret", $"secret {id} is larger than 500 KiB");
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.Unimplemented)
        {
            return null;
        }
        catch (RpcException e) when (!ct.IsCancellationRequested)
        {
            throw session.Failed(e);
        }
    }
}

/// <summary>Credentials of a client, asked for when a registry is.</summary>
internal sealed class SessionCredentials(ClientSession session) : IRegistryCredentials
{
    public async Task<RegistryCredential?> ForAsync(string registry, CancellationToken ct)
    {
        session.Demand();
        if (!session.Serves("/moby.filesync.v1.Auth/Credentials"))
        {
            return null;
        }

        try
        {
            // Docker's own registry goes by another name here.
            var host = registry is "docker.io" or "index.docker.io" ? "registry-1.docker.io" : registry;
            var answer = await new Auth.AuthClient(session.Calls).CredentialsAsync(new() { Host = host }, cancellationToken: ct);
            return answer switch
            {
                { Username: "", Secret: "" } => null,

                // A token in the place of a password, as docker login keeps it.
                { Username: "" or "<token>" } => new("", "", IdentityToken: answer.Secret),
                _ => new(answer.Username, answer.Secret),
            };
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.Unimplemented)
        {
            return null;
        }
        catch (RpcException e) when (!ct.IsCancellationRequested)
        {
            throw session.Failed(e);
        }
    }
}

/// <summary>SSH agents of a client.</summary>
internal sealed class SessionSshAgents(ClientSession session) : IBuildSshAgents
{
    public async Task<bool> HasAsync(string id, CancellationToken ct)
    {
        session.Demand();
        if (!session.Serves("/moby.sshforward.v1.SSH/CheckAgent"))
        {
            return false;
        }

        try
        {
            _ = await new SSH.SSHClient(session.Calls).CheckAgentAsync(new() { Id = Named(id) }, cancellationToken: ct);
            return true;
        }
        catch (RpcException) when (!ct.IsCancellationRequested)
        {
            // The client says no with whatever status its error has.
            return false;
        }
    }

    public Task<Stream> ConnectAsync(string id, CancellationToken ct)
    {
        session.Demand();
        var call = new SSH.SSHClient(session.Calls).ForwardAgent(new Metadata { { "buildkit.ssh.id", Named(id) } }, cancellationToken: session.Closed);
        return Task.FromResult<Stream>(new CallStream<Wire.Ssh.BytesMessage>(
            call.RequestStream, call.ResponseStream, static m => m.Data, static bytes => new() { Data = ByteString.CopyFrom(bytes.Span) }, call));
    }

    private static string Named(string id) => id.Length == 0 ? "default" : id;
}
