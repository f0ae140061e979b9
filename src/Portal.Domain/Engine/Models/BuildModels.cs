namespace Portal.Domain.Engine.Models;

/// <summary>Answer of POST /build/prune.</summary>
public sealed class BuildPruneResponse
{
    public List<string>? CachesDeleted { get; set; }

    public long SpaceReclaimed { get; set; }
}
