using System.Globalization;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Oci;

/// <summary>
/// Resolves <c>user[:group]</c> against the text of a root file system's /etc/passwd and /etc/group. Pure. A number that
/// does not fit is refused, never wrapped to 0 (CVE-2024-40635).
/// </summary>
public static class UserLookup
{
    /// <summary>Largest id taken; above it ids turn negative in programs that use signed numbers.</summary>
    public const uint MaximumId = int.MaxValue;

    /// <summary>Resolves a user.</summary>
    /// <param name="user"><c>name</c>, <c>uid</c>, <c>name:group</c>, <c>uid:gid</c>; empty for root.</param>
    /// <param name="groupsAdded">Further groups, names or ids.</param>
    /// <param name="passwd">Text of /etc/passwd; empty when there is none.</param>
    /// <param name="group">Text of /etc/group; empty when there is none.</param>
    /// <exception cref="ErrorException">400: no such user or group, or a number out of range.</exception>
    public static ResolvedUser Resolve(string user, IReadOnlyList<string> groupsAdded, string passwd, string group)
    {
        var colon = user.IndexOf(':', StringComparison.Ordinal);
        var userPart = colon < 0 ? user : user[..colon];
        var groupPart = colon < 0 ? "" : user[(colon + 1)..];

        // Like Docker: an entry that bears the name goes before one that has the number.
        var isNumber = TryId(userPart, out var uid);
        Entry? entry = userPart.Length == 0 ? FindUser(passwd, null, 0) : FindUser(passwd, userPart, null) ?? (isNumber ? FindUser(passwd, null, uid) : null);
        if (entry is null && !isNumber && userPart.Length > 0)
        {
            throw NotFound($"unable to find user {Show(userPart)}: no matching entries in passwd file");
        }

        uid = entry?.Id ?? uid;
        var gid = groupPart.Length > 0 ? ResolveGroup(groupPart, group) : entry?.Group ?? 0;

        // A group given by hand replaces the user's memberships.
        var additional = new SortedSet<uint>();
        if (groupPart.Length == 0 && entry is not null)
        {
            foreach (var line in group.AsSpan().EnumerateLines())
            {
                if (TryGroup(line, out _, out var id, out var members) && id != gid && HasMember(members, entry.Name))
                {
                    additional.Add(id);
                }
            }
        }

        foreach (var name in groupsAdded)
        {
            additional.Add(ResolveGroup(name, group));
        }

        return new(uid, gid, [.. additional], entry is { Home.Length: > 0 } ? entry.Home : "/");
    }

    private static uint ResolveGroup(string name, string text)
    {
        uint? byId = null;
        var isNumber = TryId(name, out var number);
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (TryGroup(line, out var entryName, out var id, out _))
            {
                if (entryName.SequenceEqual(name))
                {
                    return id;
                }

                if (isNumber && id == number)
                {
                    byId = id;
                }
            }
        }

        return byId ?? (isNumber ? number : throw NotFound($"unable to find group {Show(name)}: no matching entries in group file"));
    }

    private static bool TryId(string text, out uint id)
    {
        id = 0;
        if (text.Length == 0 || !text.All(c => char.IsAsciiDigit(c) || c is '-' or '+') || !text.Any(char.IsAsciiDigit))
        {
            return false;
        }

        return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id) && id <= MaximumId
            ? true
            : throw new ErrorException(ErrorKind.Invalid, "container.user_range", $"uids and gids must be in range 0-{MaximumId}");
    }

    private static Entry? FindUser(string passwd, string? name, uint? id)
    {
        Span<Range> fields = stackalloc Range[8];
        foreach (var line in passwd.AsSpan().EnumerateLines())
        {
            // name:password:uid:gid:comment:home:shell
            var count = line.Split(fields, ':');
            if (count < 4
                || !uint.TryParse(line[fields[2]], NumberStyles.None, CultureInfo.InvariantCulture, out var uid) || uid > MaximumId
                || !uint.TryParse(line[fields[3]], NumberStyles.None, CultureInfo.InvariantCulture, out var gid) || gid > MaximumId)
            {
                continue;
            }

            var entryName = line[fields[0]];
            if (name is not null ? entryName.SequenceEqual(name) : uid == id)
            {
                return new(entryName.ToString(), uid, gid, count > 5 && line[fields[5]] is ['/', ..] home ? home.ToString() : "");
            }
        }

        return null;
    }

    private static bool TryGroup(ReadOnlySpan<char> line, out ReadOnlySpan<char> name, out uint id, out ReadOnlySpan<char> members)
    {
        // name:password:gid:member,member
        name = members = default;
        id = 0;
        Span<Range> fields = stackalloc Range[5];
        var count = line.Split(fields, ':');
        if (count < 3 || !uint.TryParse(line[fields[2]], NumberStyles.None, CultureInfo.InvariantCulture, out id) || id > MaximumId)
        {
            return false;
        }

        name = line[fields[0]];
        members = count > 3 ? line[fields[3]] : default;
        return true;
    }

    private static bool HasMember(ReadOnlySpan<char> members, string user)
    {
        foreach (var range in members.Split(','))
        {
            if (members[range].Trim().SequenceEqual(user))
            {
                return true;
            }
        }

        return false;
    }

    private static string Show(string name) => name.Length > 64 ? name[..64] + "…" : name;

    private static ErrorException NotFound(string message) => new(ErrorKind.Invalid, "container.user_not_found", message);

    private sealed record Entry(string Name, uint Id, uint Group, string Home);
}
