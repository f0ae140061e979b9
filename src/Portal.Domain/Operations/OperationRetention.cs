namespace Portal.Domain.Operations;

/// <summary>How long operations that have ended are kept, and how many.</summary>
public static class OperationRetention
{
    /// <summary>The most that have ended; the oldest go first.</summary>
    public const int Most = 1000;

    /// <summary>The most whose output is kept beside their result.</summary>
    public const int MostOutputs = 50;

    /// <summary>How long.</summary>
    public static TimeSpan Age { get; } = TimeSpan.FromDays(7);

    /// <summary>Those that are to be forgotten.</summary>
    public static IReadOnlyList<Operation> Forgotten(IEnumerable<Operation> operations, DateTimeOffset now) =>
        [.. Newest(operations).Select((operation, index) => (operation, index)).Where(item => item.index >= Most || now - item.operation.Ended > Age).Select(item => item.operation)];

    /// <summary>Those whose output is to be forgotten.</summary>
    public static IEnumerable<Operation> Silenced(IEnumerable<Operation> operations) => Newest(operations).Skip(MostOutputs);

    private static IEnumerable<Operation> Newest(IEnumerable<Operation> operations) =>
        operations.Where(operation => operation.HasEnded).OrderByDescending(operation => operation.Ended).ThenBy(operation => operation.Id, StringComparer.Ordinal);
}
