using System.Collections.Immutable;
using System.Globalization;

namespace Portal.Domain.Operations;

/// <summary>What an engine says of work, in one line.</summary>
/// <param name="Part">The part it is about, for instance a layer; null for the whole.</param>
/// <param name="Status">What is done, in a word.</param>
/// <param name="Text">Output, which may hold several lines or a part of one.</param>
/// <param name="Current">Bytes done.</param>
/// <param name="Total">Bytes to do.</param>
public readonly record struct OperationLine(string? Part, string? Status, string? Text = null, long? Current = null, long? Total = null);

/// <summary>How far a part of an operation is, for instance a layer.</summary>
/// <param name="Id">Its short name.</param>
/// <param name="Status">What is done to it now.</param>
/// <param name="Current">Bytes done; null where that is not known.</param>
/// <param name="Total">Bytes in all; null where that is not known.</param>
public sealed record OperationPart(string Id, string Status, long? Current, long? Total);

/// <summary>How far an operation is at one moment.</summary>
/// <param name="Message">The newest line.</param>
/// <param name="Step">The step of a build that runs; null where there are none.</param>
/// <param name="Steps">How many there are.</param>
/// <param name="Parts">Parts, in the order in which they were first told of.</param>
public sealed record OperationProgress(string Message, int? Step, int? Steps, ImmutableArray<OperationPart> Parts)
{
    private const int MostParts = 256, LongestMessage = 1024;

    /// <summary>Nothing is known yet.</summary>
    public static OperationProgress None { get; } = new("", null, null, []);

    /// <summary>Bytes done of all parts; null where nothing is known of any.</summary>
    public long? CurrentBytes => Sum(part => part.Current);

    /// <summary>Bytes of all parts.</summary>
    public long? TotalBytes => Sum(part => part.Total);

    /// <summary>What is known after another line.</summary>
    public OperationProgress After(OperationLine line)
    {
        if (line is { Part: { } id, Status: { } status })
        {
            var name = Cut(id);
            if (Parts.FirstOrDefault(part => part.Id == name) is { } before)
            {
                return this with { Parts = Parts.Replace(before, new(name, Cut(status), line.Current ?? before.Current, line.Total ?? before.Total)) };
            }

            return Parts.Length < MostParts ? this with { Parts = Parts.Add(new(name, Cut(status), line.Current, line.Total)) } : this;
        }

        var message = Cut((line.Text ?? line.Status ?? "").Trim());
        if (message.Length == 0)
        {
            return this;
        }

        return StepOf(message) is var (step, steps) ? this with { Message = message, Step = step, Steps = steps } : this with { Message = message };
    }

    /// <summary>Reads <c>Step 2/7 : RUN make</c>.</summary>
    private static (int Step, int Steps)? StepOf(string message)
    {
        if (!message.StartsWith("Step ", StringComparison.Ordinal))
        {
            return null;
        }

        var numbers = message.AsSpan(5);
        numbers = numbers.IndexOf(' ') is >= 0 and var end ? numbers[..end] : numbers;
        return numbers.IndexOf('/') is > 0 and var slash
            && int.TryParse(numbers[..slash], NumberStyles.None, CultureInfo.InvariantCulture, out var step)
            && int.TryParse(numbers[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var steps) ? (step, steps) : null;
    }

    private static string Cut(string text) => text.Length <= LongestMessage ? text : text[..LongestMessage];

    private long? Sum(Func<OperationPart, long?> of)
    {
        long? sum = null;
        foreach (var part in Parts)
        {
            sum = of(part) is { } bytes ? (sum ?? 0) + bytes : sum;
        }

        return sum;
    }
}
