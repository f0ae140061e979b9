namespace Portal.Agent.BuildKit.Sessions;

/// <summary>How a client introduces a session. On a connection of its own as headers, inside another as metadata of the call.</summary>
internal static class SessionHeaders
{
    public const string Id = "x-docker-expose-session-uuid";

    public const string SharedKey = "x-docker-expose-session-sharedkey";

    /// <summary>One for each method that the client serves.</summary>
    public const string Method = "x-docker-expose-session-grpc-method";
}
