using System.Net;
using Microsoft.Extensions.Logging;

namespace Portal.Runtime.Networks;

internal static partial class NetworksLog
{
    [LoggerMessage(3100, LogLevel.Information, "Networks are set up: bridge {Link} with {Subnet}, {Networks} networks, {Count} containers attached.")]
    public static partial void NetworksReady(this ILogger logger, string link, string subnet, int networks, int count);

    [LoggerMessage(3101, LogLevel.Information, "Removed {Count} links on the bridge that belonged to no container.")]
    public static partial void LinksSwept(this ILogger logger, int count);

    [LoggerMessage(3102, LogLevel.Information, "Removed {Count} network namespaces that belonged to no container.")]
    public static partial void NamespacesSwept(this ILogger logger, int count);

    [LoggerMessage(3103, LogLevel.Warning, "Container {Container} has the address {Address}, which is not free in its network.")]
    public static partial void AddressTaken(this ILogger logger, string container, IPAddress address);

    [LoggerMessage(3104, LogLevel.Warning, "Port {Address}:{Port}/{Protocol} of container {Container} was taken by another process; the container still receives its traffic.")]
    public static partial void PortLost(this ILogger logger, string container, IPAddress address, int port, string protocol);

    [LoggerMessage(3105, LogLevel.Warning, "The nft table was changed from outside and has been put back.")]
    public static partial void RulesRepaired(this ILogger logger);

    [LoggerMessage(3106, LogLevel.Warning, "The bridge {Link} was removed from outside and has been made again.")]
    public static partial void BridgeRepaired(this ILogger logger, string link);

    [LoggerMessage(3107, LogLevel.Error, "Networks could not be put back; trying again every few seconds.")]
    public static partial void RepairFailed(this ILogger logger, Exception exception);

    [LoggerMessage(3109, LogLevel.Warning, "The link {Link} of a stopped container could not be deleted.")]
    public static partial void LinkStays(this ILogger logger, string link, Exception exception);

    [LoggerMessage(3110, LogLevel.Warning, "Flows to UDP ports {Ports} that are older than its rules could not be ended.")]
    public static partial void FlowsStay(this ILogger logger, string ports, Exception exception);

    [LoggerMessage(3111, LogLevel.Error, "Network {Network} could not be set up; its containers do not start until it can.")]
    public static partial void NetworkDown(this ILogger logger, string network, Exception exception);

    [LoggerMessage(3112, LogLevel.Warning, "What container {Container} has in its network namespace could not be looked after.")]
    public static partial void InsideStays(this ILogger logger, string container, Exception exception);

    [LoggerMessage(3113, LogLevel.Warning, "The link of container {Container} to network {Network} was gone and has been made again.")]
    public static partial void PlaceRestored(this ILogger logger, string container, string network);

    [LoggerMessage(3114, LogLevel.Error, "The link of container {Container} to network {Network} is gone and could not be made again; restart the container.")]
    public static partial void PlaceLost(this ILogger logger, string container, string network, Exception exception);

    [LoggerMessage(3108, LogLevel.Error, "The network record {Path} is unreadable and was set aside as {Aside}.")]
    public static partial void RecordBroken(this ILogger logger, string path, string aside);
}
