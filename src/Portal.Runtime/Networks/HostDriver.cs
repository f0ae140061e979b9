using System.Security.Cryptography;

namespace Portal.Runtime.Networks;

/// <summary>The host's own network: there is nothing to make. Ports are not published, they are just open.</summary>
internal sealed class HostDriver : INetworkDriver
{
    public const string DriverName = "host";

    public string Name => DriverName;

    public Task<NetworkAttachment> ConnectAsync(NetworkRecord network, AttachmentRequest request) => Task.FromResult(new NetworkAttachment(
        request.Container, network.Id, network.Name, RandomNumberGenerator.GetHexString(64, lowercase: true), null, null, null, 0, null, null, []));

    public void Disconnect(NetworkAttachment attachment)
    {
    }
}
