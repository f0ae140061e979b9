using System.Net;

namespace Portal.Runtime.Registries;

/// <summary>Makes connections to registries and to where they send us.</summary>
internal interface IRegistryTransport
{
    /// <summary>What speaks HTTP with one origin. Follows no redirect, keeps no cookie, unpacks nothing.</summary>
    /// <param name="origin">Scheme, host and port.</param>
    /// <param name="anyCertificate">Its certificate is not looked at.</param>
    /// <param name="admits">Asked with the address before a connection is made; null when every address is right.</param>
    /// <param name="connected">Told the address of each connection.</param>
    HttpMessageHandler Open(Uri origin, bool anyCertificate, Func<IPAddress, bool>? admits, Action<IPAddress>? connected);
}
