namespace Portal.Domain.Access.Model;

/// <summary>An account.</summary>
/// <param name="Id">Stable; never given again.</param>
/// <param name="Name">What its holder signs in with.</param>
public sealed record User(string Id, string Name)
{
    /// <summary>True when it may not sign in, and nothing of it counts.</summary>
    public bool IsDisabled { get; init; }

    /// <summary>The password as it is stored; null for an account that has none.</summary>
    public string? PasswordHash { get; init; }

    /// <summary>Changes with whatever makes older sessions and tokens void.</summary>
    public string Stamp { get; init; } = "";

    /// <summary>When it was made.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>True when it has a second factor.</summary>
    public bool HasSecondFactor { get; init; }

    /// <summary>True when it can sign in by a passkey.</summary>
    public bool HasPasskeys { get; init; }

    /// <summary>Counts its changes.</summary>
    public long Version { get; init; }

    /// <summary>For the audit log: a record's own text form would show the hash.</summary>
    public override string ToString() => $"user {Name}{(IsDisabled ? ", disabled" : "")}{(HasSecondFactor ? ", with a second factor" : "")}{(HasPasskeys ? ", with passkeys" : "")}";
}
