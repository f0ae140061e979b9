using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Users;

/// <summary>Takes all passkeys of an account away. Its sessions and tokens are void at once: nobody knows which of them a stolen one has opened.</summary>
public sealed record RemovePasskeys(string Id, string NewStamp) : IAccessChange
{
    /// <inheritdoc/>
    public Permission Permission => Permission.UserManage;

    /// <inheritdoc/>
    public string Target => Id;

    /// <inheritdoc/>
    public Result<AccessModel> ApplyTo(AccessModel model)
    {
        var user = model.User(Id);
        return user.Error is { } error ? error : model with { Users = model.Users.SetItem(Id, user.Value with { HasPasskeys = false, Stamp = NewStamp }) };
    }
}
