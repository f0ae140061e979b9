using System.Security.Cryptography;

namespace Portal.Runtime.Networks;

/// <summary>A namespace with nothing but a loopback.</summary>
internal sealed class NullDriver(NetworkNamespaces namespaces) : INetworkDriver
{
    public const string DriverName = "null";

    public string Name => DriverName;

    public async Task<NetworkAttachment> ConnectAsync(NetworkRecord network, AttachmentRequest request)
    {
        await namespaces.CreateAsync(request.Container, request.Sysctls, furnish: null, request.Namespace).ConfigureAwait(false);
        return new(request.Container, network.Id, network.Name, RandomNumberGenerator.GetHexString(64, lowercase: true),
            namespaces.PathOf(request.Container), null, null, 0, null, null, []);
    }

    public void Disconnect(NetworkAttachment attachment) => namespaces.Remove(attachment.Container);
}
