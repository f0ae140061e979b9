using System.Collections.Immutable;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access;

/// <summary>
/// What an operation is done to, with everything about it that a grant can go by. What is not known is left out, and then no grant that goes by it
/// covers the target: a list is filtered by facts, never by guesses.
/// </summary>
/// <param name="Host">The host; null for the portal itself.</param>
public sealed record AccessTarget(HostId? Host)
{
    /// <summary>The portal itself: people, roles, settings.</summary>
    public static AccessTarget Portal { get; } = new((HostId?)null);

    /// <summary>Groups that the host is in.</summary>
    public ImmutableHashSet<string> HostGroups { get; init; } = [];

    /// <summary>Name of the swarm that the host is a node of; null for none.</summary>
    public string? Swarm { get; init; }

    /// <summary>The sort of resource; null for the host as a whole.</summary>
    public ResourceKind? Kind { get; init; }

    /// <summary>Full id of a container, image or network, name of a volume; null for one that is about to be created.</summary>
    public string? Id { get; init; }

    /// <summary>Name of the stack or Compose project that it belongs to; null for none.</summary>
    public string? Stack { get; init; }

    /// <summary>Its labels. An image's own do not count: whoever makes an image would choose who may have it.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>False where its labels are not known, or do not count: then no selector picks it, not even one that asks for their absence.</summary>
    public bool LabelsCount { get; init; } = true;

    /// <summary>Who it belongs to, as the portal wrote it down when it was created; empty for nobody known.</summary>
    public ImmutableHashSet<Subject> Owners { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => (Host, Kind) switch
    {
        (null, _) => "the portal",
        ({ } host, null) => $"host {host}",
        ({ } host, { } kind) => Id is null ? $"a new {Noun(kind)} on host {host}" : $"{Noun(kind)} {Id} on host {host}",
    };

    private static string Noun(ResourceKind kind) => kind switch
    {
        ResourceKind.Container => "container",
        ResourceKind.Image => "image",
        ResourceKind.Network => "network",
        ResourceKind.Volume => "volume",
    };
}
