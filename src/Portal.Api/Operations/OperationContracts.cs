using Portal.Domain.Operations;

namespace Portal.Api.Operations;

/// <summary>Long work that goes on without the request that began it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">What it does.</param>
/// <param name="State">How far it is. What has <c>succeeded</c>, <c>failed</c> or was <c>cancelled</c> has ended.</param>
/// <param name="Host">Where.</param>
/// <param name="Target">To what: an image's name, for instance.</param>
/// <param name="Owner">Who began it.</param>
/// <param name="Created">When it was asked for.</param>
/// <param name="Started">When its turn on the host came.</param>
/// <param name="Ended">When it ended.</param>
/// <param name="Progress">How far it is; after a restart of the portal nothing is known of that.</param>
/// <param name="Result">What came of it, when it has succeeded.</param>
/// <param name="Error">Why it has not.</param>
public sealed record OperationItem(
    string Id, OperationKind Kind, OperationState State, string Host, string Target, string Owner, DateTimeOffset Created, DateTimeOffset? Started, DateTimeOffset? Ended,
    OperationProgressItem Progress, OperationResultItem? Result, OperationErrorItem? Error)
{
    internal static OperationItem From(OperationRun run)
    {
        var moment = run.Look(long.MaxValue);
        return From(moment.Operation, moment.Progress);
    }

    internal static OperationItem From(Operation operation, OperationProgress progress) => new(
        operation.Id, operation.Kind, operation.State, operation.Host.Value, operation.Target, operation.OwnerName, operation.Created, operation.Started, operation.Ended,
        OperationProgressItem.From(progress), operation.Result is { } result ? OperationResultItem.From(result) : null,
        operation.Error is { } error ? new(error.Code, error.Message) : null);
}

/// <summary>How far an operation is.</summary>
/// <param name="Message">The newest line.</param>
/// <param name="Step">The step of a build that runs.</param>
/// <param name="Steps">How many there are.</param>
/// <param name="CurrentBytes">Bytes done.</param>
/// <param name="TotalBytes">Bytes in all, as far as they are known.</param>
/// <param name="Parts">Parts, for instance layers.</param>
public sealed record OperationProgressItem(string Message, int? Step, int? Steps, long? CurrentBytes, long? TotalBytes, IReadOnlyList<OperationPartItem> Parts)
{
    internal static OperationProgressItem From(OperationProgress progress) => new(
        progress.Message, progress.Step, progress.Steps, progress.CurrentBytes, progress.TotalBytes,
        [.. progress.Parts.Select(part => new OperationPartItem(part.Id, part.Status, part.Current, part.Total))]);
}

/// <summary>How far a part of an operation is.</summary>
/// <param name="Id">Its short name.</param>
/// <param name="Status">What is done to it.</param>
/// <param name="Current">Bytes done.</param>
/// <param name="Total">Bytes in all.</param>
public sealed record OperationPartItem(string Id, string Status, long? Current, long? Total);

/// <summary>What came of an operation. What does not apply is null or empty.</summary>
/// <param name="ImageId">Id of the image that was pulled or built.</param>
/// <param name="Digest">Digest of the manifest at the registry.</param>
/// <param name="Loaded">Names or ids of images that were loaded, at most 1000.</param>
/// <param name="Removed">Names and ids of what was removed, at most 1000.</param>
/// <param name="ReclaimedBytes">Bytes of disk that are free again.</param>
public sealed record OperationResultItem(string? ImageId, string? Digest, IReadOnlyList<string> Loaded, IReadOnlyList<string> Removed, long? ReclaimedBytes)
{
    internal static OperationResultItem From(OperationResult result) => new(result.ImageId, result.Digest, result.Loaded, result.Removed, result.ReclaimedBytes);
}

/// <summary>Why an operation has not succeeded.</summary>
/// <param name="Code">Never changes.</param>
/// <param name="Message">A sentence for people.</param>
public sealed record OperationErrorItem(string Code, string Message);

/// <summary>What is new of an operation.</summary>
/// <param name="Operation">How it is now. The last event is that of its end.</param>
/// <param name="Output">Lines of output since the event before: what a build writes, and what pulls and pushes say of the whole.</param>
/// <param name="Missed">How many lines before those are no longer kept.</param>
/// <param name="Next">Number of the line that comes next: ask from here after a broken connection.</param>
public sealed record OperationEvent(OperationItem Operation, IReadOnlyList<string> Output, long Missed, long Next);
