using Portal.Domain.Containers;

namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>A Dockerfile as it was written; nothing in it is replaced yet.</summary>
/// <param name="Globals">ARG before the first FROM.</param>
/// <param name="Stages">In their order.</param>
/// <param name="Escape">The escape character.</param>
/// <param name="Syntax">The front end it asks for; null for none.</param>
/// <param name="Warnings">Doubtful things.</param>
internal sealed record Dockerfile(IReadOnlyList<ArgInstruction> Globals, IReadOnlyList<Stage> Stages, char Escape, string? Syntax, IReadOnlyList<BuildWarning> Warnings)
{
    /// <summary>Which rules are to be checked, as <c># check=</c> says; null when it says nothing.</summary>
    public string? Checks { get; init; }
}

/// <summary>What follows a FROM.</summary>
/// <param name="Name">Lower case; null for none.</param>
/// <param name="Base">Image or earlier stage, as written.</param>
/// <param name="Platform">As written; null for the target's.</param>
/// <param name="Text">The FROM itself.</param>
/// <param name="Line">Where that is.</param>
/// <param name="Instructions">What is to be done.</param>
internal sealed record Stage(string? Name, string Base, string? Platform, string Text, int Line, IReadOnlyList<Instruction> Instructions)
{
    /// <summary>From the comment before it; empty for none.</summary>
    public string Description { get; init; } = "";
}

/// <summary>One instruction.</summary>
/// <param name="Text">As written, continued lines joined.</param>
/// <param name="Line">Where it begins, from 1.</param>
internal abstract record Instruction(string Text, int Line);

/// <param name="Arguments">Names with their defaults.</param>
internal sealed record ArgInstruction(string Text, int Line, IReadOnlyList<(string Name, string? Value)> Arguments) : Instruction(Text, Line)
{
    /// <summary>From the comment before it; empty for none.</summary>
    public string Description { get; init; } = "";
}

internal sealed record EnvInstruction(string Text, int Line, IReadOnlyList<(string Name, string Value)> Pairs) : Instruction(Text, Line);

internal sealed record LabelInstruction(string Text, int Line, IReadOnlyList<(string Name, string Value)> Pairs) : Instruction(Text, Line);

internal sealed record MaintainerInstruction(string Text, int Line, string Maintainer) : Instruction(Text, Line);

internal sealed record WorkdirInstruction(string Text, int Line, string Path) : Instruction(Text, Line);

internal sealed record UserInstruction(string Text, int Line, string User) : Instruction(Text, Line);

internal sealed record StopSignalInstruction(string Text, int Line, string Signal) : Instruction(Text, Line);

internal sealed record ExposeInstruction(string Text, int Line, IReadOnlyList<string> Ports) : Instruction(Text, Line);

internal sealed record VolumeInstruction(string Text, int Line, IReadOnlyList<string> Paths) : Instruction(Text, Line);

internal sealed record ShellInstruction(string Text, int Line, IReadOnlyList<string> Shell) : Instruction(Text, Line);

internal sealed record OnBuildInstruction(string Text, int Line, string Trigger) : Instruction(Text, Line);

internal sealed record HealthCheckInstruction(string Text, int Line, HealthCheckSpec Check) : Instruction(Text, Line);

/// <summary>A command: arguments, or a line for the shell.</summary>
/// <param name="Arguments">Arguments; of a line, that alone.</param>
/// <param name="IsLine">It is for the shell.</param>
internal sealed record CommandForm(IReadOnlyList<string> Arguments, bool IsLine)
{
    public IReadOnlyList<string> With(IReadOnlyList<string> shell) => IsLine ? [.. shell, .. Arguments] : Arguments;
}

internal sealed record CmdInstruction(string Text, int Line, CommandForm Command) : Instruction(Text, Line);

internal sealed record EntrypointInstruction(string Text, int Line, CommandForm Command) : Instruction(Text, Line);

internal sealed record RunInstruction(string Text, int Line, CommandForm Command) : Instruction(Text, Line)
{
    public IReadOnlyList<Heredoc> Heredocs { get; init; } = [];

    public IReadOnlyList<RunMount> Mounts { get; init; } = [];

    /// <summary><c>default</c>, <c>none</c> or <c>host</c>; null takes the build's.</summary>
    public string? Network { get; init; }
}

/// <summary>COPY or ADD.</summary>
/// <param name="Sources">As written; those that are texts of the Dockerfile are in <see cref="Heredocs"/>.</param>
/// <param name="Destination">As written.</param>
internal sealed record CopyInstruction(string Text, int Line, bool IsAdd, IReadOnlyList<string> Sources, string Destination) : Instruction(Text, Line)
{
    public IReadOnlyList<Heredoc> Heredocs { get; init; } = [];

    /// <summary>Stage, named context or image; null for the context.</summary>
    public string? From { get; init; }

    public string? Owner { get; init; }

    public string? Mode { get; init; }

    public bool Link { get; init; }

    public bool Parents { get; init; }

    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Of what is fetched; null for any.</summary>
    public string? Checksum { get; init; }

    public bool KeepGitFolder { get; init; }

    /// <summary>Whether archives are unpacked; null for as it is usual: those of the context are, fetched ones are not.</summary>
    public bool? Unpack { get; init; }

    public string Word => IsAdd ? "ADD" : "COPY";
}

internal enum RunMountKind
{
    Bind,
    Cache,
    Tmpfs,
    Secret,
    Ssh,
}

internal enum CacheSharing
{
    Shared,
    Private,
    Locked,
}

/// <summary><c>RUN --mount</c>. Texts are as written.</summary>
internal sealed record RunMount(RunMountKind Kind)
{
    public string? Target { get; init; }

    public string? Source { get; init; }

    public string? From { get; init; }

    public string? Id { get; init; }

    /// <summary>Variable that holds a secret; null for none.</summary>
    public string? Variable { get; init; }

    public bool? ReadOnly { get; init; }

    public bool Required { get; init; }

    public CacheSharing Sharing { get; init; }

    public uint? UserId { get; init; }

    public uint? GroupId { get; init; }

    public uint? Mode { get; init; }

    public long SizeBytes { get; init; }
}
