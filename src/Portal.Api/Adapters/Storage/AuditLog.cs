using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Domain.Access;
using Portal.Domain.Audit;
using Portal.Domain.Primitives;

namespace Portal.Api.Adapters.Storage;

/// <summary>Writes the audit log, one line at a time.</summary>
internal sealed class AuditLog(IDbContextFactory<PortalDb> databases, TimeProvider time, ILogger<AuditLog> log) : IAuditLog, IDisposable
{
    /// <summary>The outcome of an operation that is still under way, or whose end could not be recorded.</summary>
    public const string Begun = "begun";

    private readonly SemaphoreSlim _turn = new(1, 1);

    public async Task<Result> BeginAsync(Actor actor, string operation, string target, CancellationToken ct)
    {
        try
        {
            await WriteAsync(actor, operation, target, Begun, "");
            return Result.Success;
        }
        catch (Exception ex) when (ex is DbException or DbUpdateException)
        {
            log.AuditRefused(ex, operation, target);
            return new Error(ErrorKind.Unavailable, "audit.unavailable", "Nothing was done: the portal could not write this action to its audit log. Look for space on the portal's disk, then try again.")
            {
                RetryAfter = TimeSpan.FromSeconds(10),
            };
        }
    }

    public Task RecordAsync(Actor actor, string operation, string target, Error? error, CancellationToken ct) =>
        WriteAsync(actor, operation, target, error?.Code ?? "ok", error?.Message ?? "");

    public Task RecordChangeAsync(Actor actor, string operation, string target, AuditChange change, CancellationToken ct) =>
        WriteAsync(actor, operation, target, "ok", "", change);

    private async Task WriteAsync(Actor actor, string operation, string target, string outcome, string message, AuditChange? change = null)
    {
        // What was done must be recorded even when the caller has left meanwhile.
        await _turn.WaitAsync(CancellationToken.None);
        try
        {
            await using var db = await databases.CreateDbContextAsync(CancellationToken.None);
            var last = await db.Audit.AsNoTracking().OrderByDescending(line => line.Sequence)
                .Select(line => new { line.Sequence, line.Hash }).FirstOrDefaultAsync(CancellationToken.None)
                ?? await db.AuditStarts.AsNoTracking().OrderByDescending(start => start.Sequence)
                    .Select(start => new { start.Sequence, start.Hash }).FirstOrDefaultAsync(CancellationToken.None);
            var line = new AuditRecord
            {
                Sequence = (last?.Sequence ?? 0) + 1,
                Time = TimeOf(time.GetUtcNow()),
                ActorId = actor.UserId,
                ActorName = Cut(actor.Name),
                Operation = operation,
                Target = Cut(target),
                Outcome = outcome,
                Message = Cut(message),
                Hash = "",
                Version = AuditChain.Newest,
                Source = Cut(actor.Source),
                TokenId = actor.TokenId ?? "",
                Before = Cut(change?.Before ?? "", 8192),
                After = Cut(change?.After ?? "", 8192),
            };
            line.Hash = AuditChain.HashOf(last?.Hash ?? AuditChain.Start, line);
            db.Audit.Add(line);
            await db.SaveChangesAsync(CancellationToken.None);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>A time as it is written: text that sorts as times do.</summary>
    public static string TimeOf(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Cut, and as every database gives it back: the hash covers what is read again.</summary>
    private static string Cut(string text, int most = 1024) => StorableText.Of(text.Length <= most ? text : text[..most]);
}
