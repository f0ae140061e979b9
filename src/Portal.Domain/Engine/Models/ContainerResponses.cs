using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>Answer of wait.</summary>
public sealed class ContainerWaitResponse
{
    public int StatusCode { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public WaitError? Error { get; set; }
}

/// <summary>Why the code is not known.</summary>
public sealed class WaitError
{
    public string Message { get; set; } = "";
}

/// <summary>Answer of update.</summary>
public sealed class ContainerUpdateResponse
{
    public List<string>? Warnings { get; set; }
}

/// <summary>Answer of prune.</summary>
public sealed class ContainerPruneResponse
{
    public List<string>? ContainersDeleted { get; set; }

    public long SpaceReclaimed { get; set; }
}

/// <summary>Answer that is just an id.</summary>
public sealed class IdResponse
{
    public string Id { get; set; } = "";
}

/// <summary>Answer of top: what ps printed, for the container's processes.</summary>
public sealed class ContainerTopResponse
{
    public List<string> Titles { get; set; } = [];

    public List<List<string>> Processes { get; set; } = [];
}
