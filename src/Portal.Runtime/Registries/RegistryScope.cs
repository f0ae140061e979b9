namespace Portal.Runtime.Registries;

/// <summary>What a bearer token is to allow, as registries' token servers are asked for it. Pure.</summary>
internal static class RegistryScope
{
    public static string Pull(string repository) => $"repository:{repository}:pull";

    public static string Push(string repository) => $"repository:{repository}:pull,push";

    /// <summary>One text for a set of scopes, whatever their order.</summary>
    public static string Join(IEnumerable<string> scopes) => string.Join(' ', scopes.Distinct().Order(StringComparer.Ordinal));
}
