namespace Portal.Domain.Access.Docker;

/// <summary>The labels by which Compose and stacks mark what is theirs.</summary>
public static class StackLabels
{
    private const string Project = "com.docker.compose.project", Namespace = "com.docker.stack.namespace";

    /// <summary>Name of the stack or project; null for none.</summary>
    public static string? Of(IReadOnlyDictionary<string, string> labels) =>
        labels.TryGetValue(Namespace, out var stack) || labels.TryGetValue(Project, out stack) ? stack.Length > 0 ? stack : null : null;
}
