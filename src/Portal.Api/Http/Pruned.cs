namespace Portal.Api.Http;

/// <summary>What was swept away.</summary>
/// <param name="Deleted">Ids of containers; names of networks and volumes.</param>
/// <param name="SpaceReclaimedBytes">What they took of the disk; 0 where that is not known.</param>
public sealed record Pruned(IReadOnlyList<string> Deleted, long SpaceReclaimedBytes);
