using Portal.Domain.Access.Model;

namespace Portal.Domain.Access.Users;

/// <summary>Names of accounts.</summary>
internal static class UserName
{
    /// <summary>True when another account has the name, in whatever case.</summary>
    public static bool IsTaken(AccessModel model, string name, string id) =>
        model.Users.Values.Any(user => user.Id != id && string.Equals(user.Name, name, StringComparison.OrdinalIgnoreCase));
}
