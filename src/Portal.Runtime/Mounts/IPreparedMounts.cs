namespace Portal.Runtime.Mounts;

/// <summary>What is mounted in the run root for containers that run.</summary>
public interface IPreparedMounts
{
    /// <summary>Removes all of it. Only when no container runs.</summary>
    void TearDown();
}
