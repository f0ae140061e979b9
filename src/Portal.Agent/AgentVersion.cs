using System.Reflection;

namespace Portal.Agent;

/// <summary>This build's version.</summary>
internal static class AgentVersion
{
    /// <summary>For instance <c>0.1.0</c>.</summary>
    public static readonly string Number = typeof(AgentVersion).Assembly.GetName().Version is { } v ? $"{v.Major}.{v.Minor}.{v.Build}" : "0.0.0";

    /// <summary>The commit it was built from, or empty.</summary>
    public static readonly string Commit =
        typeof(AgentVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+') is [_, { Length: >= 7 } commit] ? commit[..7] : "";
}
