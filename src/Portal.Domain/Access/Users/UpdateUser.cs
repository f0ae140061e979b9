using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Users;

/// <summary>Gives an account another name, disables or enables it. A disabled account's sessions and tokens are void at once.</summary>
public sealed record UpdateUser(string Id, string Name, bool IsDisabled, string NewStamp, long? Version) : IAccessChange
{
    /// <inheritdoc/>
    public Permission Permission => Permission.UserManage;

    /// <inheritdoc/>
    public string Target => Id;

    /// <inheritdoc/>
    public Result<AccessModel> ApplyTo(AccessModel model)
    {
        var user = model.User(Id, Version);
        if (user.Error is { } error)
        {
            return error;
        }

        return UserName.IsTaken(model, Name, Id)
            ? AccessName.Taken("user", Name)
            : model with { Users = model.Users.SetItem(Id, user.Value with { Name = Name, IsDisabled = IsDisabled, Stamp = IsDisabled ? NewStamp : user.Value.Stamp }) };
    }
}
