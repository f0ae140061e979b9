using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Portal.Api.Adapters.Storage;

/// <summary>The control plane's database.</summary>
internal sealed class PortalDb(DbContextOptions<PortalDb> options) : IdentityUserContext<PortalUser>(options)
{
    public DbSet<GrantRecord> Grants => Set<GrantRecord>();

    public DbSet<TeamRecord> Teams => Set<TeamRecord>();

    public DbSet<MembershipRecord> Memberships => Set<MembershipRecord>();

    public DbSet<RoleRecord> OwnRoles => Set<RoleRecord>();

    public DbSet<ApiTokenRecord> ApiTokens => Set<ApiTokenRecord>();

    public DbSet<TokenFamilyRecord> TokenFamilies => Set<TokenFamilyRecord>();

    public DbSet<RefreshTokenRecord> RefreshTokens => Set<RefreshTokenRecord>();

    public DbSet<RecoveryCodeRecord> RecoveryCodes => Set<RecoveryCodeRecord>();

    public DbSet<PasskeyRecord> Passkeys => Set<PasskeyRecord>();

    public DbSet<OwnerRecord> Owners => Set<OwnerRecord>();

    public DbSet<HostGroupRecord> HostGroups => Set<HostGroupRecord>();

    public DbSet<HostRestrictionRecord> HostRestrictions => Set<HostRestrictionRecord>();

    public DbSet<SettingRecord> Settings => Set<SettingRecord>();

    public DbSet<IdempotencyRecord> Idempotency => Set<IdempotencyRecord>();

    public DbSet<OperationRecord> Operations => Set<OperationRecord>();

    public DbSet<RegistryRecord> Registries => Set<RegistryRecord>();

    public DbSet<AuditRecord> Audit => Set<AuditRecord>();

    public DbSet<AuditStartRecord> AuditStarts => Set<AuditStartRecord>();

    public DbSet<SessionRecord> Sessions => Set<SessionRecord>();

    public DbSet<HostRecord> Hosts => Set<HostRecord>();

    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.Entity<PortalUser>().ToTable("users");
        builder.Entity<IdentityUserClaim<string>>().ToTable("user_claims");
        builder.Entity<IdentityUserLogin<string>>().ToTable("user_logins");
        builder.Entity<IdentityUserToken<string>>().ToTable("user_tokens");

        builder.Entity<SessionRecord>(session =>
        {
            session.ToTable("sessions");
            session.HasKey(s => s.KeyHash);
            session.HasIndex(s => s.ExpiresUnix);
            session.HasOne<PortalUser>().WithMany().HasForeignKey(s => s.UserId).OnDelete(DeleteBehavior.Cascade);
        });
        builder.Entity<AuditRecord>(audit =>
        {
            audit.ToTable("audit");
            audit.HasKey(a => a.Sequence);
            audit.Property(a => a.Sequence).ValueGeneratedNever();
            audit.Property(a => a.Version).HasDefaultValue(1);
            audit.Property(a => a.Source).HasDefaultValue("");
            audit.Property(a => a.TokenId).HasDefaultValue("");
            audit.Property(a => a.Before).HasDefaultValue("");
            audit.Property(a => a.After).HasDefaultValue("");
            audit.HasIndex(a => a.Time);
        });
        builder.Entity<AuditStartRecord>(start =>
        {
            start.ToTable("audit_starts");
            start.HasKey(s => s.Sequence);
            start.Property(s => s.Sequence).ValueGeneratedNever();
        });
        builder.Entity<HostRecord>(host =>
        {
            host.ToTable("hosts");
            host.Property(h => h.Id).HasMaxLength(64);
        });
        AccessTables.Describe(builder);
        OperationTables.Describe(builder);
    }
}

/// <summary>An account.</summary>
internal sealed class PortalUser : IdentityUser
{
    public bool IsDisabled { get; set; }

    /// <summary>Unix seconds; 0 for an account older than this column.</summary>
    public long CreatedUnix { get; set; }

    /// <summary>Counts changes; the ETag.</summary>
    public long Version { get; set; } = 1;

    /// <summary>The authenticator's key, encrypted with the data protection keys; null without one.</summary>
    public string? TotpKey { get; set; }

    /// <summary>The last time step whose code was accepted: a code counts once.</summary>
    public long TotpStep { get; set; }
}

/// <summary>A line of the audit log; see <see cref="AuditChain"/>. Never changed, and deleted only below a recorded start: triggers refuse the rest.</summary>
internal sealed class AuditRecord
{
    /// <summary>1, 2, 3 … without a gap.</summary>
    public long Sequence { get; set; }

    /// <summary>UTC, RFC 3339 with seven digits.</summary>
    public required string Time { get; set; }

    public required string ActorId { get; set; }

    public required string ActorName { get; set; }

    public required string Operation { get; set; }

    public required string Target { get; set; }

    /// <summary><c>ok</c>, or the error's code.</summary>
    public required string Outcome { get; set; }

    /// <summary>The error's message, or empty.</summary>
    public required string Message { get; set; }

    /// <summary>SHA-256 over the hash before and this line, lower-case hexadecimal.</summary>
    public required string Hash { get; set; }

    /// <summary>Which fields the hash covers: 1 those above, 2 these too.</summary>
    public int Version { get; set; }

    /// <summary>The address the request came from, or empty.</summary>
    public string Source { get; set; } = "";

    /// <summary>The API token that spoke, or empty.</summary>
    public string TokenId { get; set; } = "";

    /// <summary>What was, in words; empty when nothing changed.</summary>
    public string Before { get; set; } = "";

    /// <summary>What is, in words.</summary>
    public string After { get; set; } = "";
}

/// <summary>The log begins after this line; those up to it were deleted on purpose.</summary>
internal sealed class AuditStartRecord
{
    /// <summary>Number of the last line that is gone.</summary>
    public long Sequence { get; set; }

    /// <summary>The hash it carried.</summary>
    public required string Hash { get; set; }

    /// <summary>HMAC-SHA256 over both with the portal's audit key: whoever can write the table cannot make a start.</summary>
    public required string Signature { get; set; }
}

/// <summary>A signed-in browser.</summary>
internal sealed class SessionRecord
{
    /// <summary>SHA-256 of the key in the cookie: a stolen database opens no session.</summary>
    public required string KeyHash { get; set; }

    public required string UserId { get; set; }

    /// <summary>Unix seconds; 0 for one older than this column.</summary>
    public long StartedUnix { get; set; }

    /// <summary>The address it was opened from.</summary>
    public string Source { get; set; } = "";

    /// <summary>What the browser called itself.</summary>
    public string Client { get; set; } = "";

    /// <summary>Unix seconds.</summary>
    public long ExpiresUnix { get; set; }

    /// <summary>The serialised ticket.</summary>
    public required byte[] Ticket { get; set; }
}

/// <summary>A host that was enrolled. The machine's own engine needs no record.</summary>
internal sealed class HostRecord
{
    public required string Id { get; set; }

    public required string Name { get; set; }

    /// <summary>How to reach it, for instance <c>unix:///run/portal/engine.sock</c>.</summary>
    public required string Address { get; set; }
}

/// <summary>Lets the migration tool build the model without starting the portal.</summary>
internal sealed class PortalDbDesign : IDesignTimeDbContextFactory<PortalDb>
{
    public PortalDb CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<PortalDb>().UseSqlite("Data Source=:memory:").Options);
}
