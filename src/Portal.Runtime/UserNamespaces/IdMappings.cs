using System.Globalization;
using System.Text.Json.Serialization;

namespace Portal.Runtime.UserNamespaces;

/// <summary>Consecutive ids of a user namespace and the ids they are outside.</summary>
/// <param name="Inside">First id inside.</param>
/// <param name="Outside">First id on the host.</param>
/// <param name="Count">How many.</param>
public sealed record IdRange(uint Inside, uint Outside, uint Count)
{
    /// <summary>As the kernel reads it from uid_map and gid_map.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Inside} {Outside} {Count}");
}

/// <summary>
/// Which ids of the host the ids of a container are. Kept with the container: files that it made belong to these ids for as
/// long as it runs, whatever the engine's setting has become since.
/// </summary>
/// <param name="Users">Ranges of users; id 0 is in one of them.</param>
/// <param name="Groups">Ranges of groups; id 0 is in one of them.</param>
public sealed record IdMappings(IReadOnlyList<IdRange> Users, IReadOnlyList<IdRange> Groups)
{
    /// <summary>The kernel's id of nobody in particular, where an id has no counterpart.</summary>
    public const uint Overflow = 65534;

    /// <summary>The container's root, on the host.</summary>
    [JsonIgnore]
    public uint RootUser => UserOutside(0);

    /// <summary>The group of the container's root, on the host.</summary>
    [JsonIgnore]
    public uint RootGroup => GroupOutside(0);

    public uint UserOutside(uint inside) => Outside(Users, inside);

    public uint GroupOutside(uint inside) => Outside(Groups, inside);

    public uint UserInside(uint outside) => Inside(Users, outside);

    public uint GroupInside(uint outside) => Inside(Groups, outside);

    /// <summary>True when a user of the host has an id inside.</summary>
    public bool MapsUser(uint outside) => Find(Users, outside) is not null;

    /// <summary>True when a group of the host has an id inside.</summary>
    public bool MapsGroup(uint outside) => Find(Groups, outside) is not null;

    public bool Equals(IdMappings? other) => other is not null && Users.SequenceEqual(other.Users) && Groups.SequenceEqual(other.Groups);

    public override int GetHashCode() => HashCode.Combine(Users.Count, RootUser, Groups.Count, RootGroup);

    private static uint Outside(IReadOnlyList<IdRange> ranges, uint inside) =>
        ranges.FirstOrDefault(range => inside >= range.Inside && inside - range.Inside < range.Count) is { } found ? found.Outside + (inside - found.Inside) : Overflow;

    private static uint Inside(IReadOnlyList<IdRange> ranges, uint outside) => Find(ranges, outside) is { } found ? found.Inside + (outside - found.Outside) : Overflow;

    private static IdRange? Find(IReadOnlyList<IdRange> ranges, uint outside) =>
        ranges.FirstOrDefault(range => outside >= range.Outside && outside - range.Outside < range.Count);
}
