using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Model;

/// <summary>
/// What holds for every change of the access model, whatever it is called: somebody stays who administers everything, and nobody gives, takes or takes over
/// what they do not hold themselves. Looks at the models before and after, so that a new change cannot forget a rule. Pure.
/// </summary>
public static class AccessRules
{
    /// <summary>Why the change may not be, or null.</summary>
    public static Error? Check(AccessModel before, AccessModel after, Actor actor)
    {
        if (before.HasAdministrator && !after.HasAdministrator)
        {
            return new(ErrorKind.Conflict, "access.last_administrator", "Nobody would be left who administers this installation. Make somebody else an administrator first.");
        }

        return Touched(before, after).FirstOrDefault(grant => !actor.Holds(grant.Role, grant.Scope)) is { } beyond
            ? new(ErrorKind.Forbidden, "access.beyond", $"This touches {beyond.Role.Name} over {beyond.Scope}, which {actor.Name} does not hold. Only who holds something may give it, take it, or change an account that has it.")
            : null;
    }

    /// <summary>Every right that somebody gains or loses, and every right of an account that is changed.</summary>
    private static IEnumerable<Grant> Touched(AccessModel before, AccessModel after)
    {
        foreach (var (id, grant) in before.Grants)
        {
            if (!after.Grants.TryGetValue(id, out var now))
            {
                yield return grant;
            }
            else if (now != grant)
            {
                // A role that is widened or narrowed changes all its grants.
                yield return grant;
                yield return now;
            }
        }

        foreach (var grant in after.Grants.Values.Where(grant => !before.Grants.ContainsKey(grant.Id)))
        {
            yield return grant;
        }

        foreach (var (id, team) in before.Teams.Concat(after.Teams))
        {
            var (was, now) = (before.Teams.GetValueOrDefault(id), after.Teams.GetValueOrDefault(id));
            if (was is null || now is null ? team.Members.Count > 0 : !was.Members.SetEquals(now.Members) || was.Quota != now.Quota)
            {
                foreach (var grant in before.GrantsOf(new(SubjectKind.Team, id)).Concat(after.GrantsOf(new(SubjectKind.Team, id))))
                {
                    yield return grant;
                }
            }
        }

        foreach (var (id, user) in before.Users)
        {
            if (after.Users.GetValueOrDefault(id) != user)
            {
                foreach (var grant in before.GrantsOfUser(id))
                {
                    yield return grant;
                }
            }
        }

        // A role is made by somebody who could give it: else it would wait for a mistake.
        foreach (var (name, role) in after.Roles)
        {
            if (before.Roles.GetValueOrDefault(name) != role)
            {
                yield return new Grant(role.Role, Scope.All);
            }
        }
    }
}
