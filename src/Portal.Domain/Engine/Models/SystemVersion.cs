namespace Portal.Domain.Engine.Models;

/// <summary>GET /version.</summary>
public sealed class SystemVersion
{
    public VersionPlatform Platform { get; set; } = new();

    public List<VersionComponent> Components { get; set; } = [];

    public string Version { get; set; } = "";

    public string ApiVersion { get; set; } = "";

    public string MinAPIVersion { get; set; } = "";

    public string GitCommit { get; set; } = "";

    public string GoVersion { get; set; } = "";

    public string Os { get; set; } = "";

    public string Arch { get; set; } = "";

    public string KernelVersion { get; set; } = "";

    public string BuildTime { get; set; } = "";
}

/// <summary>Product name.</summary>
public sealed class VersionPlatform
{
    public string Name { get; set; } = "";
}

/// <summary>A part of the engine and its version.</summary>
public sealed class VersionComponent
{
    public string Name { get; set; } = "";

    public string Version { get; set; } = "";

    public Dictionary<string, string> Details { get; set; } = [];
}
