namespace Portal.Domain.Engine;

/// <summary>Constants of the Docker Engine API as Portal speaks it.</summary>
public static class EngineApi
{
    /// <summary>Highest version announced.</summary>
    public const string Version = "1.51";

    /// <summary>Lowest version accepted.</summary>
    public const string MinimumVersion = "1.24";

    /// <summary>Content type of a terminal's raw bytes after an upgrade.</summary>
    public const string RawStream = "application/vnd.docker.raw-stream";

    /// <summary>Content type of framed stdout and stderr (API 1.42 and later).</summary>
    public const string MultiplexedStream = "application/vnd.docker.multiplexed-stream";

    /// <summary>Prefix of the agent's own Control API on the same socket; absent on other engines.</summary>
    public const string ControlPrefix = "/control/v1";

    /// <summary>The time that stands for "never" in inspect answers.</summary>
    public const string ZeroTime = "0001-01-01T00:00:00Z";
}
