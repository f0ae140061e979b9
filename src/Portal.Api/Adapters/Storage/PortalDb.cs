using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Portal.Api.Adapters.Storage;

/// <summary>The control plane's database.</summary>
internal sealed class PortalDb(DbContextOptions<PortalDb> options) : IdentityUserContext<PortalUser>(options)
{
    public DbSet<GrantRecord> Grants => Set<GrantRecord>();

    public DbSet<AuditRecord> Audit => Set<AuditRecord>();

    public DbSet<SessionRecord> Sessions => Set<SessionRecord>();

    public DbSet<HostRecord> Hosts => Set<HostRecord>();

    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.Entity<PortalUser>().ToTable("users");
        builder.Entity<IdentityUserClaim<string>>().ToTable("user_claims");
        builder.Entity<IdentityUserLogin<string>>().ToTable("user_logins");
        builder.Entity<IdentityUserToken<string>>().ToTable("user_tokens");

        builder.Entity<GrantRecord>(grant =>
        {
            grant.ToTable("grants");
            grant.Property(g => g.Role).HasMaxLength(64);
            grant.Property(g => g.Host).HasMaxLength(64);
            grant.HasIndex(g => new { g.UserId, g.Role, g.Host }).IsUnique();
            grant.HasOne<PortalUser>().WithMany().HasForeignKey(g => g.UserId).OnDelete(DeleteBehavior.Cascade);
        });
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
        });
        builder.Entity<HostRecord>(host =>
        {
            host.ToTable("hosts");
            host.Property(h => h.Id).HasMaxLength(64);
        });
    }
}

/// <summary>An account.</summary>
internal sealed class PortalUser : IdentityUser;

/// <summary>A role given to a user.</summary>
internal sealed class GrantRecord
{
    public long Id { get; set; }

    public required string UserId { get; set; }

    /// <summary>Name of a built-in role.</summary>
    public required string Role { get; set; }

    /// <summary>The one host it covers; null for all.</summary>
    public string? Host { get; set; }
}

/// <summary>A line of the audit log; see <see cref="AuditChain"/>. Never changed, never deleted: triggers refuse it.</summary>
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
}

/// <summary>A signed-in browser.</summary>
internal sealed class SessionRecord
{
    /// <summary>SHA-256 of the key in the cookie: a stolen database opens no session.</summary>
    public required string KeyHash { get; set; }

    public required string UserId { get; set; }

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
