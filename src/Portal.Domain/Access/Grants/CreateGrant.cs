using Portal.Domain.Access.Model;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Grants;

/// <summary>Gives a role over a scope to a user or a team.</summary>
public sealed record CreateGrant(string Id, Subject Subject, string Role, string Scope) : IAccessChange
{
    /// <inheritdoc/>
    public Permission Permission => Permission.AccessManage;

    /// <inheritdoc/>
    public string Target => $"{Role} over {Scope} to {Subject}";

    /// <inheritdoc/>
    public Result<AccessModel> ApplyTo(AccessModel model)
    {
        var missing = Subject.Kind switch
        {
            SubjectKind.User => model.User(Subject.Id).Error,
            SubjectKind.Team => model.Team(Subject.Id).Error,
            SubjectKind.Token => new Error(ErrorKind.Invalid, "grant.subject", "A token is limited when it is made; grants are given to users and teams."),
        };
        if (missing is not null)
        {
            return missing;
        }

        if (model.FindRole(Role) is not { } role)
        {
            return AccessModel.Unknown("role", Role);
        }

        if (!ScopeText.TryParse(Scope, Subject, out var scope))
        {
            return new Error(ErrorKind.Invalid, "grant.scope", "The scope cannot be read. Write all, host:…, group:…, swarm:…, or a part of one: stack:…@…, labels:…@…, resource:kind:id@host:…, own@….");
        }

        return model.GrantsOf(Subject).Any(other => other.Role == role && other.Scope == scope)
            ? new Error(ErrorKind.Conflict, "grant.taken", $"The {Subject} has this already.")
            : model with { Grants = model.Grants.Add(Id, new Grant(role, scope) { Id = Id, Subject = Subject }) };
    }
}
