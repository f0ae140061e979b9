namespace Portal.Domain.Audit;

/// <summary>What an operation changed, in words, without secrets.</summary>
/// <param name="Before">What was; empty for something new.</param>
/// <param name="After">What is; empty for something gone.</param>
public sealed record AuditChange(string Before, string After)
{
    /// <summary>Nothing that would be worth a word.</summary>
    public static AuditChange None { get; } = new("", "");
}
