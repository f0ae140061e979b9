using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Grants;

/// <summary>Takes a grant back.</summary>
public sealed record RemoveGrant(string Id) : IAccessChange
{
    /// <inheritdoc/>
    public Permission Permission => Permission.AccessManage;

    /// <inheritdoc/>
    public string Target => Id;

    /// <inheritdoc/>
    public Result<AccessModel> ApplyTo(AccessModel model) =>
        model.Grants.ContainsKey(Id) ? model with { Grants = model.Grants.Remove(Id) } : AccessModel.Unknown("grant", Id);
}
