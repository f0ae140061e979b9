using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Users;

/// <summary>Makes an account, which holds nothing yet.</summary>
/// <param name="User">The account, with an id of its own and the hash of its password.</param>
public sealed record CreateUser(User User) : IAccessChange
{
    /// <inheritdoc/>
    public Permission Permission => Permission.UserManage;

    /// <inheritdoc/>
    public string Target => User.Name;

    /// <inheritdoc/>
    public Result<AccessModel> ApplyTo(AccessModel model) => UserName.IsTaken(model, User.Name, "")
        ? AccessName.Taken("user", User.Name)
        : model with { Users = model.Users.Add(User.Id, User) };
}
