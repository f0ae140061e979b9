namespace Portal.Domain.Containers;

/// <summary>Where a container's output is kept, and how much of it.</summary>
/// <param name="Driver"><c>json-file</c>, <c>local</c>, <c>journald</c>, <c>none</c>; empty takes the engine's default.</param>
/// <param name="Options">The driver's options as given: <c>max-size</c>, <c>max-file</c>, <c>compress</c>, <c>labels</c>, <c>env</c>, <c>tag</c>, …</param>
public sealed record LogSpec(string Driver, IReadOnlyDictionary<string, string> Options)
{
    /// <summary>Nothing was said.</summary>
    public static LogSpec Default { get; } = new("", new Dictionary<string, string>());
}
