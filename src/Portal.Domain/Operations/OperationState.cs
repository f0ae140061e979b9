namespace Portal.Domain.Operations;

/// <summary>How far an operation is.</summary>
public enum OperationState
{
    /// <summary>Begun, and waiting for its turn on the host.</summary>
    Queued,
    Running,
    Succeeded,
    Failed,

    /// <summary>Somebody ended it, or the right to it ended.</summary>
    Cancelled,
}

/// <summary>What an operation does.</summary>
public enum OperationKind
{
    ImagePull,
    ImagePush,
    ImageLoad,
    ImagePrune,
    ImageBuild,
    BuildPrune,
}
