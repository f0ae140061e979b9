using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Model;

/// <summary>A change of who there is and what they were given: data, and a pure function from the model before to the model after.</summary>
public interface IAccessChange
{
    /// <summary>What its actor needs over the portal.</summary>
    Permission Permission { get; }

    /// <summary>What it is done to, for the audit log.</summary>
    string Target { get; }

    /// <summary>The model after, or why it cannot be. <see cref="AccessRules"/> are not its matter.</summary>
    Result<AccessModel> ApplyTo(AccessModel model);
}

/// <summary>Keeps the access model.</summary>
public interface IAccessStore
{
    /// <summary>The model as it is.</summary>
    Task<AccessModel> ReadAsync(CancellationToken ct);

    /// <summary>Replaces the model by what the change makes of it, wholly or not at all; changes run one after the other.</summary>
    /// <returns>The models before and after, or the change's error.</returns>
    Task<Result<(AccessModel Before, AccessModel After)>> ChangeAsync(Func<AccessModel, Result<AccessModel>> change, CancellationToken ct);
}
