using System.Collections.Immutable;
using Portal.Domain.Access.Restrictions;

namespace Portal.Domain.Access.Docker;

/// <summary>What a reference means when nothing goes by it.</summary>
public enum DockerAbsence
{
    /// <summary>The request is in vain, as the engine would say.</summary>
    NotFound,

    /// <summary>Nothing: the name is free.</summary>
    Free,

    /// <summary>The engine makes it.</summary>
    Created,
}

/// <summary>Something on the host that a request names.</summary>
/// <param name="Kind">The sort.</param>
/// <param name="Text">Name, id or reference as given.</param>
/// <param name="Permission">What one must be allowed to do to it.</param>
public sealed record DockerReference(ResourceKind Kind, string Text, Permission Permission)
{
    /// <summary>What it means when there is none.</summary>
    public DockerAbsence Absent { get; init; }

    /// <summary>What it is made with, should it be made.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The request gets what it has of the host: its own facts count against the host's restrictions.</summary>
    public bool Lends { get; init; }

    /// <summary>It is the name in the path.</summary>
    public bool InPath { get; init; }
}

/// <summary>What a request holds beside its path.</summary>
public sealed record DockerContents
{
    /// <summary>Nothing of interest.</summary>
    public static DockerContents Nothing { get; } = new();

    /// <summary>What else it names.</summary>
    public ImmutableArray<DockerReference> References { get; init; } = [];

    /// <summary>What of it a host's restrictions are about.</summary>
    public ImmutableArray<IRestricted> Facts { get; init; } = [];

    /// <summary>Labels of what it makes.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Names that images have when it is done.</summary>
    public ImmutableArray<string> ImageNames { get; init; } = [];
}
