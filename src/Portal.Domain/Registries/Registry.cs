using System.Collections.Immutable;
using Portal.Domain.Access;

namespace Portal.Domain.Registries;

/// <summary>A registry whose credentials the portal keeps. The secret itself is not in here.</summary>
/// <param name="Id">Stable.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Address">See <see cref="RegistryAddress"/>.</param>
public sealed record Registry(string Id, string Name, string Address)
{
    /// <summary>Who the portal signs in as; null for nobody, or where a token says it.</summary>
    public string? UserName { get; init; }

    /// <summary>True when there is a password or a token.</summary>
    public bool HasSecret { get; init; }

    /// <summary>What people should know of it, for instance where its certificates come from.</summary>
    public string Notes { get; init; } = "";

    /// <summary>Ids of the teams that may use it.</summary>
    public ImmutableSortedSet<string> Teams { get; init; } = [];

    /// <summary>True when everybody may use it.</summary>
    public bool IsForEverybody { get; init; }

    /// <summary>Counts changes.</summary>
    public long Version { get; init; } = 1;

    /// <summary>True for whoever may have images go by its credentials.</summary>
    /// <param name="actor">Who.</param>
    /// <param name="manages">True when they manage registries.</param>
    public bool IsFor(Actor actor, bool manages) => manages || IsForEverybody || actor.Teams.Any(Teams.Contains);

    /// <summary>What is told of it where changes are written down.</summary>
    public string Words() =>
        $"{Name}: {Address}, {(HasSecret ? $"signs in{(UserName is null ? "" : $" as {UserName}")}" : "does not sign in")}, for {(IsForEverybody ? "everybody" : Teams.IsEmpty ? "nobody" : $"teams {string.Join(' ', Teams)}")}";

    /// <summary>The one whose credentials somebody uses for a registry: that of a team of theirs before everybody's, and those before one that they only manage.</summary>
    public static Registry? Choose(IEnumerable<Registry> registries, string address, Actor actor, bool manages) => registries
        .Where(registry => registry.HasSecret && registry.Address == address && registry.IsFor(actor, manages))
        .OrderBy(registry => actor.Teams.Any(registry.Teams.Contains) ? 0 : registry.IsForEverybody ? 1 : 2)
        .ThenBy(registry => registry.Name, StringComparer.OrdinalIgnoreCase)
        .FirstOrDefault();
}
