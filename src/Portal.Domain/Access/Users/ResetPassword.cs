using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Users;

/// <summary>Gives an account another password, and takes its second factor and passkeys away when asked. Its sessions and tokens are void at once.</summary>
public sealed record ResetPassword(string Id, string PasswordHash, bool WithoutSecondFactor, string NewStamp) : IAccessChange
{
    /// <summary>True to take its passkeys away: whoever knew the old password may have added one.</summary>
    public bool WithoutPasskeys { get; init; }

    /// <inheritdoc/>
    public Permission Permission => Permission.UserManage;

    /// <inheritdoc/>
    public string Target => Id;

    /// <inheritdoc/>
    public Result<AccessModel> ApplyTo(AccessModel model)
    {
        var user = model.User(Id);
        return user.Error is { } error
            ? error
            : model with
            {
                Users = model.Users.SetItem(Id, user.Value with
                {
                    PasswordHash = PasswordHash, Stamp = NewStamp, HasSecondFactor = user.Value.HasSecondFactor && !WithoutSecondFactor,
                    HasPasskeys = user.Value.HasPasskeys && !WithoutPasskeys,
                }),
            };
    }

    /// <summary>For logs: a record's own text form would show the hash.</summary>
    public override string ToString() => $"ResetPassword {{ Id = {Id} }}";
}
