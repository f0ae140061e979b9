using Microsoft.EntityFrameworkCore;

namespace Portal.Api.Adapters.Storage;

/// <summary>The tables of the access model. Only types that every database has: text, whole numbers, bytes; times are Unix seconds.</summary>
internal static class AccessTables
{
    public static void Describe(ModelBuilder builder)
    {
        builder.Entity<TeamRecord>(team =>
        {
            team.ToTable("teams");
            team.Property(t => t.Name).HasMaxLength(64);
            team.HasIndex(t => t.Name).IsUnique();
        });
        builder.Entity<MembershipRecord>(membership =>
        {
            membership.ToTable("memberships");
            membership.HasKey(m => new { m.TeamId, m.UserId });
            membership.HasIndex(m => m.UserId);
            membership.HasOne<TeamRecord>().WithMany().HasForeignKey(m => m.TeamId).OnDelete(DeleteBehavior.Cascade);
            membership.HasOne<PortalUser>().WithMany().HasForeignKey(m => m.UserId).OnDelete(DeleteBehavior.Cascade);
        });
        builder.Entity<RoleRecord>(role =>
        {
            role.ToTable("roles");
            role.HasKey(r => r.Name);
            role.Property(r => r.Name).HasMaxLength(64);
        });
        builder.Entity<GrantRecord>(grant =>
        {
            grant.ToTable("grants");
            grant.Property(g => g.SubjectKind).HasMaxLength(8);
            grant.Property(g => g.Role).HasMaxLength(64);
            grant.HasIndex(g => new { g.SubjectKind, g.SubjectId });
        });
        builder.Entity<ApiTokenRecord>(token =>
        {
            token.ToTable("api_tokens");
            token.HasIndex(t => t.SecretHash).IsUnique();
            token.HasIndex(t => new { t.OwnerKind, t.OwnerId });
        });
        builder.Entity<TokenFamilyRecord>(family =>
        {
            family.ToTable("token_families");
            family.HasIndex(f => f.ExpiresUnix);
            family.HasOne<PortalUser>().WithMany().HasForeignKey(f => f.UserId).OnDelete(DeleteBehavior.Cascade);
        });
        builder.Entity<RefreshTokenRecord>(refresh =>
        {
            refresh.ToTable("refresh_tokens");
            refresh.HasKey(r => r.Hash);
            refresh.HasOne<TokenFamilyRecord>().WithMany().HasForeignKey(r => r.FamilyId).OnDelete(DeleteBehavior.Cascade);
        });
        builder.Entity<RecoveryCodeRecord>(code =>
        {
            code.ToTable("recovery_codes");
            code.HasKey(c => new { c.UserId, c.Hash });
            code.HasOne<PortalUser>().WithMany().HasForeignKey(c => c.UserId).OnDelete(DeleteBehavior.Cascade);
        });
        builder.Entity<PasskeyRecord>(passkey =>
        {
            passkey.ToTable("passkeys");
            passkey.HasIndex(p => p.CredentialId).IsUnique();
            passkey.HasOne<PortalUser>().WithMany().HasForeignKey(p => p.UserId).OnDelete(DeleteBehavior.Cascade);
        });
        builder.Entity<OwnerRecord>(owner =>
        {
            owner.ToTable("owners");
            owner.HasKey(o => new { o.Host, o.Kind, o.ResourceId, o.SubjectKind, o.SubjectId });
        });
        builder.Entity<HostGroupRecord>(group =>
        {
            group.ToTable("host_groups");
            group.HasKey(g => new { g.Host, g.Group });
        });
        builder.Entity<HostRestrictionRecord>(restriction =>
        {
            restriction.ToTable("host_restrictions");
            restriction.HasKey(r => r.Host);
        });
        builder.Entity<SettingRecord>(setting =>
        {
            setting.ToTable("settings");
            setting.HasKey(s => s.Name);
        });
        builder.Entity<IdempotencyRecord>(once =>
        {
            once.ToTable("idempotency_keys");
            once.HasKey(i => new { i.Actor, i.Key });
            once.HasIndex(i => i.ExpiresUnix);
        });
    }
}

/// <summary>A team.</summary>
internal sealed class TeamRecord
{
    public required string Id { get; set; }

    public required string Name { get; set; }

    public long Version { get; set; } = 1;

    /// <summary>How much it may have on each host; null for no limit.</summary>
    public int? QuotaContainers { get; set; }

    public int? QuotaVolumes { get; set; }

    public long? QuotaMemoryBytes { get; set; }

    public long? QuotaNanoCpus { get; set; }
}

/// <summary>A user's place in a team.</summary>
internal sealed class MembershipRecord
{
    public required string TeamId { get; set; }

    public required string UserId { get; set; }
}

/// <summary>A role of one's own.</summary>
internal sealed class RoleRecord
{
    public required string Name { get; set; }

    /// <summary>Names of permissions, with blanks between. One that this version does not know gives nothing.</summary>
    public required string Permissions { get; set; }

    public long Version { get; set; } = 1;
}

/// <summary>A role over a scope, given to a user or a team.</summary>
internal sealed class GrantRecord
{
    public required string Id { get; set; }

    /// <summary><c>user</c> or <c>team</c>.</summary>
    public required string SubjectKind { get; set; }

    public required string SubjectId { get; set; }

    /// <summary>Name of a role.</summary>
    public required string Role { get; set; }

    /// <summary>See <see cref="Portal.Domain.Access.ScopeText"/>.</summary>
    public required string Scope { get; set; }
}

/// <summary>An API token.</summary>
internal sealed class ApiTokenRecord
{
    public required string Id { get; set; }

    public required string Name { get; set; }

    public required string Prefix { get; set; }

    /// <summary>SHA-256 of the secret: it has 256 random bits, so nobody can try them all, and a stolen database opens nothing.</summary>
    public required string SecretHash { get; set; }

    /// <summary><c>user</c> or <c>team</c>.</summary>
    public required string OwnerKind { get; set; }

    public required string OwnerId { get; set; }

    /// <summary>JSON list of roles and scopes; null for no limit.</summary>
    public string? Limits { get; set; }

    public long CreatedUnix { get; set; }

    public long ExpiresUnix { get; set; }

    public long? LastUsedUnix { get; set; }
}

/// <summary>A program that signed in with a name and password: its refresh tokens follow one another.</summary>
internal sealed class TokenFamilyRecord
{
    public required string Id { get; set; }

    public required string UserId { get; set; }

    public long StartedUnix { get; set; }

    public long LastUsedUnix { get; set; }

    /// <summary>The end in any case.</summary>
    public long ExpiresUnix { get; set; }

    public string Source { get; set; } = "";

    public string Client { get; set; } = "";

    /// <summary>The passkey it was opened by, or null: it ends with it.</summary>
    public string? PasskeyId { get; set; }
}

/// <summary>A refresh token: good once.</summary>
internal sealed class RefreshTokenRecord
{
    /// <summary>SHA-256 of the token.</summary>
    public required string Hash { get; set; }

    public required string FamilyId { get; set; }

    public long ExpiresUnix { get; set; }

    /// <summary>When it was exchanged; null for the family's newest. Shown again after, somebody has a copy.</summary>
    public long? UsedUnix { get; set; }
}

/// <summary>A code that stands for the second factor once.</summary>
internal sealed class RecoveryCodeRecord
{
    public required string UserId { get; set; }

    /// <summary>SHA-256 of the code.</summary>
    public required string Hash { get; set; }
}

/// <summary>A passkey: the public half of a key that only its holder's device has.</summary>
internal sealed class PasskeyRecord
{
    public required string Id { get; set; }

    public required string UserId { get; set; }

    /// <summary>What its holder calls it.</summary>
    public required string Name { get; set; }

    /// <summary>What the device calls it, base64url.</summary>
    public required string CredentialId { get; set; }

    /// <summary>COSE.</summary>
    public required byte[] PublicKey { get; set; }

    /// <summary>How often the device has signed, if it counts: a count that does not grow is a copy's.</summary>
    public long SignCount { get; set; }

    /// <summary>How the device can be reached, with blanks between.</summary>
    public string Transports { get; set; } = "";

    /// <summary>True when the device may hand it on to its holder's other devices.</summary>
    public bool IsBackupEligible { get; set; }

    public bool IsBackedUp { get; set; }

    public long CreatedUnix { get; set; }

    public long? LastUsedUnix { get; set; }
}

/// <summary>Whose something on a host is.</summary>
internal sealed class OwnerRecord
{
    public required string Host { get; set; }

    public required string Kind { get; set; }

    public required string ResourceId { get; set; }

    public required string SubjectKind { get; set; }

    public required string SubjectId { get; set; }
}

/// <summary>A host's place in a group.</summary>
internal sealed class HostGroupRecord
{
    public required string Host { get; set; }

    public required string Group { get; set; }
}

/// <summary>What people may ask of a host's engine.</summary>
internal sealed class HostRestrictionRecord
{
    public required string Host { get; set; }

    /// <summary>JSON of <see cref="Portal.Domain.Access.Restrictions.HostRestrictions"/>.</summary>
    public required string Content { get; set; }
}

/// <summary>Something an administrator has set.</summary>
internal sealed class SettingRecord
{
    public required string Name { get; set; }

    public required string Value { get; set; }
}

/// <summary>A create that was asked for with an idempotency key.</summary>
internal sealed class IdempotencyRecord
{
    /// <summary>Whose key it is.</summary>
    public required string Actor { get; set; }

    public required string Key { get; set; }

    /// <summary>SHA-256 of the request: a key stands for one request.</summary>
    public required string Request { get; set; }

    /// <summary>Id of what was made; empty while it is being made.</summary>
    public string Made { get; set; } = "";

    public long ExpiresUnix { get; set; }
}
