using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>POST /containers/{id}/exec.</summary>
public sealed class ExecCreateRequest
{
    /// <summary>Old clients repeat the path here. It is the path that counts.</summary>
    public string? Container { get; set; }

    public bool AttachStdin { get; set; }

    public bool AttachStdout { get; set; }

    public bool AttachStderr { get; set; }

    /// <summary>Clients say here already what they say again at the start, where it counts.</summary>
    public bool Detach { get; set; }

    public string? DetachKeys { get; set; }

    public bool Tty { get; set; }

    public List<string>? Env { get; set; } = [];

    [JsonConverter(typeof(StringOrList))]
    public IReadOnlyList<string>? Cmd { get; set; }

    public bool Privileged { get; set; }

    public string? User { get; set; }

    public string? WorkingDir { get; set; }

    public List<int>? ConsoleSize { get; set; } = [];
}

/// <summary>POST /exec/{id}/start.</summary>
public sealed class ExecStartRequest
{
    public bool Detach { get; set; }

    public bool Tty { get; set; }

    public List<int>? ConsoleSize { get; set; } = [];
}

/// <summary>GET /exec/{id}/json.</summary>
public sealed class ExecInspect
{
    public string ID { get; set; } = "";

    public bool Running { get; set; }

    public int? ExitCode { get; set; }

    public ExecProcessConfig ProcessConfig { get; set; } = new();

    public bool OpenStdin { get; set; }

    public bool OpenStderr { get; set; }

    public bool OpenStdout { get; set; }

    public bool CanRemove { get; set; }

    public string ContainerID { get; set; } = "";

    public string DetachKeys { get; set; } = "";

    public int Pid { get; set; }
}

/// <summary>The process.</summary>
public sealed class ExecProcessConfig
{
    [JsonPropertyName("tty")]
    public bool Tty { get; set; }

    [JsonPropertyName("entrypoint")]
    public string EntryPoint { get; set; } = "";

    [JsonPropertyName("arguments")]
    public List<string> Arguments { get; set; } = [];

    [JsonPropertyName("privileged")]
    public bool Privileged { get; set; }

    [JsonPropertyName("user")]
    public string? User { get; set; }
}
