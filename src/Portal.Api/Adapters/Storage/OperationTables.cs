using Microsoft.EntityFrameworkCore;

namespace Portal.Api.Adapters.Storage;

/// <summary>Tables of long work, and of registries.</summary>
internal static class OperationTables
{
    public static void Describe(ModelBuilder builder)
    {
        builder.Entity<OperationRecord>(operation =>
        {
            operation.ToTable("operations");
            operation.HasKey(o => o.Id);
        });
        builder.Entity<RegistryRecord>(registry =>
        {
            registry.ToTable("registries");
            registry.HasKey(r => r.Id);
            registry.HasIndex(r => r.NormalizedName).IsUnique();
            registry.HasIndex(r => r.Address);
            registry.Property(r => r.Version).IsConcurrencyToken();
            registry.HasMany(r => r.Teams).WithOne().HasForeignKey(team => team.RegistryId).OnDelete(DeleteBehavior.Cascade);
        });
        builder.Entity<RegistryTeamRecord>(team =>
        {
            team.ToTable("registry_teams");
            team.HasKey(t => new { t.RegistryId, t.TeamId });
            team.HasIndex(t => t.TeamId);
            team.HasOne<TeamRecord>().WithMany().HasForeignKey(t => t.TeamId).OnDelete(DeleteBehavior.Cascade);
        });
    }
}

/// <summary>Long work.</summary>
internal sealed class OperationRecord
{
    public required string Id { get; set; }

    /// <summary>Name of an <see cref="Portal.Domain.Operations.OperationKind"/>.</summary>
    public required string Kind { get; set; }

    public required string Host { get; set; }

    public required string Target { get; set; }

    /// <summary><c>user</c> or <c>team</c>.</summary>
    public required string OwnerKind { get; set; }

    public required string OwnerId { get; set; }

    public required string OwnerName { get; set; }

    public string? TokenId { get; set; }

    /// <summary>Name of an <see cref="Portal.Domain.Operations.OperationState"/>. What is not ended is under way in this process, or was in one that ended.</summary>
    public required string State { get; set; }

    /// <summary>Unix milliseconds, as the other two.</summary>
    public long Created { get; set; }

    public long? Started { get; set; }

    public long? Ended { get; set; }

    public string? ErrorKind { get; set; }

    public string? ErrorCode { get; set; }

    public string? ErrorMessage { get; set; }

    /// <summary>JSON of an <see cref="Portal.Domain.Operations.OperationResult"/>.</summary>
    public string? Result { get; set; }
}

/// <summary>A registry with the portal's credentials for it.</summary>
internal sealed class RegistryRecord
{
    public required string Id { get; set; }

    public required string Name { get; set; }

    /// <summary>The name in the case in which names are compared.</summary>
    public required string NormalizedName { get; set; }

    public required string Address { get; set; }

    public string? UserName { get; set; }

    /// <summary>Password or token, encrypted with the data protection keys for this registry; null for none.</summary>
    public string? Secret { get; set; }

    public required string Notes { get; set; }

    public bool IsForEverybody { get; set; }

    public long Version { get; set; } = 1;

    public List<RegistryTeamRecord> Teams { get; set; } = [];
}

/// <summary>A team that may use a registry.</summary>
internal sealed class RegistryTeamRecord
{
    public required string RegistryId { get; set; }

    public required string TeamId { get; set; }
}
