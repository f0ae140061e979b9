namespace Portal.Agent;

internal static partial class AgentLog
{
    [LoggerMessage(4001, LogLevel.Information, "Agent {Version} answers on {Socket} (data {DataRoot})")]
    public static partial void Ready(this ILogger log, string version, string socket, string dataRoot);

    [LoggerMessage(4002, LogLevel.Information, "Agent ends; containers keep running")]
    public static partial void Ending(this ILogger log);

    [LoggerMessage(4003, LogLevel.Warning, "Socket {Socket} is for root only: there is no group {Group}")]
    public static partial void NoSocketGroup(this ILogger log, string socket, string group);

    [LoggerMessage(4004, LogLevel.Warning, "Connections are turned away: {Reason}")]
    public static partial void ConnectionsTurnedAway(this ILogger log, string reason);

    [LoggerMessage(4010, LogLevel.Error, "{Method} {Route} failed")]
    public static partial void RequestFailed(this ILogger log, Exception error, string method, string route);

    [LoggerMessage(4011, LogLevel.Warning, "{Method} {Route} answered {Status}: {Reason}")]
    public static partial void RequestRefused(this ILogger log, string method, string route, int status, string reason);

    [LoggerMessage(4013, LogLevel.Error, "A transfer of an image failed")]
    public static partial void TransferFailed(this ILogger log, Exception error);

    [LoggerMessage(4012, LogLevel.Warning, "The stream of {Method} {Route} was cut")]
    public static partial void StreamCut(this ILogger log, Exception error, string method, string route);

    [LoggerMessage(4020, LogLevel.Information, "Stopped container {Container} ({Name})")]
    public static partial void ContainerStopped(this ILogger log, string container, string name);

    [LoggerMessage(4022, LogLevel.Warning, "Container {Container} ({Name}) did not end: {Reason}")]
    public static partial void HaltFailed(this ILogger log, string container, string name, string reason);

    [LoggerMessage(4021, LogLevel.Warning, "Could not take away {Subject}: {Reason}")]
    public static partial void TeardownFailed(this ILogger log, string subject, string reason);
}
