using Portal.Domain.Audit;

namespace Portal.Domain.Access.Model;

/// <summary>What a change changed, in words for the audit log. No secret is in it.</summary>
public static class AccessDifference
{
    /// <summary>What was, and what is.</summary>
    public static AuditChange Between(AccessModel before, AccessModel after)
    {
        List<string> was = [], now = [];
        Compare(before.Users, after.Users, user => user.ToString());
        Compare(before.Teams, after.Teams, team => team.ToString());
        Compare(before.Roles, after.Roles, role => role.ToString());
        Compare(before.Grants, after.Grants, grant => $"grant {grant.Id}: {grant.Role.Name} over {ScopeText.Of(grant.Scope)} to {grant.Subject}");
        if (after.Users.Any(user => before.Users.TryGetValue(user.Key, out var old) && old.PasswordHash != user.Value.PasswordHash))
        {
            now.Add("another password");
        }

        return new(string.Join("; ", was), string.Join("; ", now));

        void Compare<T>(IReadOnlyDictionary<string, T> left, IReadOnlyDictionary<string, T> right, Func<T, string> words) where T : class
        {
            was.AddRange(left.Where(item => right.GetValueOrDefault(item.Key)?.Equals(item.Value) != true).Select(item => words(item.Value)));
            now.AddRange(right.Where(item => left.GetValueOrDefault(item.Key)?.Equals(item.Value) != true).Select(item => words(item.Value)));
        }
    }
}
