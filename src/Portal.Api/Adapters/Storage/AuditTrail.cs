using System.Data;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Domain.Access;
using Portal.Domain.Audit;

namespace Portal.Api.Adapters.Storage;

/// <summary>Whether the log is whole.</summary>
/// <param name="From">Number of its first line.</param>
/// <param name="Lines">How many lines it has.</param>
/// <param name="FirstFault">Number of the first line that is missing or was changed; null when it is whole.</param>
public sealed record AuditVerdict(long From, long Lines, long? FirstFault);

/// <summary>The audit log as a whole: verifies it, and lets old lines go without breaking its chain.</summary>
internal sealed class AuditTrail(IDbContextFactory<PortalDb> databases, IAuditLog audit, DataRoot root, TimeProvider time)
{
    private readonly Lazy<byte[]> _key = new(() => KeyFile.Read(root, "audit-key", "a log that was shortened can then no longer be verified"));

    /// <summary>Reads every line and looks whether each has the hash that it must have.</summary>
    public async Task<AuditVerdict> VerifyAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);

        // One moment for all: lines come and go meanwhile.
        await using var moment = await db.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        var start = await db.AuditStarts.AsNoTracking().OrderByDescending(s => s.Sequence).FirstOrDefaultAsync(ct);
        var lines = await db.Audit.LongCountAsync(ct);
        var from = (start?.Sequence ?? 0) + 1;
        if (start is not null && !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Signature(start.Sequence, start.Hash)), Encoding.ASCII.GetBytes(start.Signature)))
        {
            return new(from, lines, from);
        }

        var fault = AuditChain.FirstFault(db.Audit.AsNoTracking().OrderBy(line => line.Sequence).AsEnumerable(), from - 1, start?.Hash ?? AuditChain.Start);

        // A shortened log ends with the line that says so, at the least: without it all that follows the start could be missing.
        return new(from, lines, fault ?? (start is not null && lines == 0 ? from : null));
    }

    /// <summary>Deletes the lines older than <paramref name="age"/>; how many those were. The line that says so is written first.</summary>
    public async Task<long> TrimAsync(TimeSpan age, CancellationToken ct)
    {
        var before = AuditLog.TimeOf(time.GetUtcNow() - age);
        await using var db = await databases.CreateDbContextAsync(ct);
        var last = await db.Audit.AsNoTracking().Where(line => line.Time.CompareTo(before) < 0).OrderByDescending(line => line.Sequence)
            .Select(line => new { line.Sequence, line.Hash }).FirstOrDefaultAsync(ct);
        if (last is null)
        {
            return 0;
        }

        var first = await db.Audit.MinAsync(line => line.Sequence, ct);
        var portal = new Actor("", "portal", []);
        await audit.RecordChangeAsync(portal, "TrimAudit", $"{first}-{last.Sequence}", new($"lines {first} to {last.Sequence}", $"the log begins after {last.Hash}"), ct);
        await using var all = await db.Database.BeginTransactionAsync(ct);
        db.AuditStarts.Add(new() { Sequence = last.Sequence, Hash = last.Hash, Signature = Signature(last.Sequence, last.Hash) });
        await db.SaveChangesAsync(ct);
        await db.Audit.Where(line => line.Sequence <= last.Sequence).ExecuteDeleteAsync(ct);
        await all.CommitAsync(ct);
        return last.Sequence - first + 1;
    }

    private string Signature(long sequence, string hash) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(_key.Value, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{sequence} {hash}"))));
}
