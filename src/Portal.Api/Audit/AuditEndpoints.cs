using System.ComponentModel.DataAnnotations;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Adapters.Storage;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;

namespace Portal.Api.Audit;

/// <summary>A line of the audit log.</summary>
/// <param name="Sequence">Its number; there are no gaps.</param>
/// <param name="Time">When.</param>
/// <param name="ActorId">Who: the user's id; empty for the portal, a team's token or nobody.</param>
/// <param name="ActorName">Who, in words.</param>
/// <param name="TokenId">The API token that spoke, or empty.</param>
/// <param name="Source">The address it came from, or empty.</param>
/// <param name="Operation">What.</param>
/// <param name="Target">Done to what.</param>
/// <param name="Outcome"><c>begun</c>, <c>ok</c>, or the error's code.</param>
/// <param name="Message">The error's message, or empty.</param>
/// <param name="Before">What was, in words.</param>
/// <param name="After">What is, in words.</param>
/// <param name="Hash">SHA-256 over the hash before and this line.</param>
public sealed record AuditItem(
    long Sequence, string Time, string ActorId, string ActorName, string TokenId, string Source, string Operation, string Target, string Outcome, string Message, string Before, string After, string Hash)
{
    internal static AuditItem From(AuditRecord line) => new(
        line.Sequence, line.Time, line.ActorId, line.ActorName, line.TokenId, line.Source, line.Operation, line.Target, line.Outcome, line.Message, line.Before, line.After, line.Hash);
}

/// <summary>The audit log.</summary>
internal static class AuditEndpoints
{
    public static void MapAudit(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/audit").WithTags("Audit");
        group.MapGet("", ListAsync).WithName("ListAudit").RequirePermission(Permission.AuditRead, On.Portal);
        group.MapGet("/export", ExportAsync).WithName("ExportAudit").RequirePermission(Permission.AuditRead, On.Portal).Produces<Stream>(200, "application/x-ndjson", "text/csv");
        group.MapGet("/verify", VerifyAsync).WithName("VerifyAudit").RequirePermission(Permission.AuditRead, On.Portal);
    }

    /// <summary>Lists lines of the audit log.</summary>
    /// <param name="actor">Only of the user with this id or name.</param>
    /// <param name="operation">Only of this operation.</param>
    /// <param name="outcome">Only with this outcome.</param>
    /// <param name="target">Only those whose target contains this.</param>
    /// <param name="from">Only from this moment on.</param>
    /// <param name="to">Only before this moment.</param>
    /// <param name="sort"><c>-time</c>, the newest first, or <c>time</c>.</param>
    /// <param name="page">Which page; the first is 1.</param>
    /// <param name="pageSize">How many items a page has, 1 to 500.</param>
    internal static async Task<Results<Ok<Page<AuditItem>>, Problem>> ListAsync(
        PortalGate gate, IDbContextFactory<PortalDb> databases, CancellationToken ct,
        [MaxLength(64)] string? actor = null, [MaxLength(64)] string? operation = null, [MaxLength(64)] string? outcome = null, [MaxLength(Paging.LongestFilter)] string? target = null,
        DateTimeOffset? from = null, DateTimeOffset? to = null, [AllowedValues("time", "-time")] string sort = "-time",
        [Range(1, int.MaxValue)] int page = 1, [Range(1, Paging.Largest)] int pageSize = Paging.Usual)
    {
        var reader = await gate.ReadAsync(Permission.AuditRead, "ListAudit", ct);
        if (reader.Error is { } error)
        {
            return error.ToProblem();
        }

        await using var db = await databases.CreateDbContextAsync(ct);
        var lines = Filter(db.Audit.AsNoTracking(), actor, operation, outcome, target, from, to);
        lines = sort == "time" ? lines.OrderBy(line => line.Sequence) : lines.OrderByDescending(line => line.Sequence);
        return TypedResults.Ok(await lines.PageAsync(page, pageSize, AuditItem.From, ct));
    }

    /// <summary>Exports lines of the audit log, the oldest first.</summary>
    /// <param name="format"><c>jsonl</c>, one JSON object a line, or <c>csv</c>.</param>
    /// <param name="actor">Only of the user with this id or name.</param>
    /// <param name="operation">Only of this operation.</param>
    /// <param name="outcome">Only with this outcome.</param>
    /// <param name="from">Only from this moment on.</param>
    /// <param name="to">Only before this moment.</param>
    internal static async Task<Results<PushStreamHttpResult, Problem>> ExportAsync(
        PortalGate gate, IDbContextFactory<PortalDb> databases, CancellationToken ct, [AllowedValues("jsonl", "csv")] string format = "jsonl",
        [MaxLength(64)] string? actor = null, [MaxLength(64)] string? operation = null, [MaxLength(64)] string? outcome = null, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        var reader = await gate.ReadAsync(Permission.AuditRead, "ExportAudit", ct);
        if (reader.Error is { } error)
        {
            return error.ToProblem();
        }

        return TypedResults.Stream(async body =>
        {
            await using var db = await databases.CreateDbContextAsync(ct);
            await using var writer = new StreamWriter(body, new UTF8Encoding(false));
            if (format == "csv")
            {
                await writer.WriteAsync(AuditCsv.Head);
            }

            await foreach (var line in Filter(db.Audit.AsNoTracking(), actor, operation, outcome, null, from, to).OrderBy(line => line.Sequence).AsAsyncEnumerable().WithCancellation(ct))
            {
                var item = AuditItem.From(line);
                await writer.WriteAsync(format == "csv" ? AuditCsv.Row(item) : JsonSerializer.Serialize(item, JsonSerializerOptions.Web) + "\n");
            }
        }, format == "csv" ? "text/csv" : "application/x-ndjson", $"audit.{format}");
    }

    /// <summary>Verifies the whole audit log: that no line is missing, and none was changed since it was written.</summary>
    internal static async Task<Results<Ok<AuditVerdict>, Problem>> VerifyAsync(PortalGate gate, AuditTrail trail, CancellationToken ct)
    {
        var reader = await gate.ReadAsync(Permission.AuditRead, "VerifyAudit", ct);
        return reader.Error is { } error ? error.ToProblem() : TypedResults.Ok(await trail.VerifyAsync(ct));
    }

    private static IQueryable<AuditRecord> Filter(
        IQueryable<AuditRecord> lines, string? actor, string? operation, string? outcome, string? target, DateTimeOffset? from, DateTimeOffset? to)
    {
        var (first, end) = (from is { } begin ? AuditLog.TimeOf(begin) : "", to is { } over ? AuditLog.TimeOf(over) : "~");
        return lines.Where(line => (actor == null || line.ActorId == actor || line.ActorName == actor) && (operation == null || line.Operation == operation)
            && (outcome == null || line.Outcome == outcome) && (target == null || line.Target.Contains(target))
            && string.Compare(line.Time, first) >= 0 && string.Compare(line.Time, end) < 0);
    }
}

/// <summary>Lines of the log for a spreadsheet (RFC 4180).</summary>
internal static class AuditCsv
{
    public const string Head = "sequence,time,actorId,actorName,tokenId,source,operation,target,outcome,message,before,after,hash\r\n";

    public static string Row(AuditItem item) => string.Join(',', ((string[])
    [
        item.Sequence.ToString(System.Globalization.CultureInfo.InvariantCulture), item.Time, item.ActorId, item.ActorName, item.TokenId, item.Source, item.Operation, item.Target, item.Outcome,
        item.Message, item.Before, item.After, item.Hash,
    ]).Select(Cell)) + "\r\n";

    /// <summary>A spreadsheet runs what begins like a formula: a quote in front makes it text.</summary>
    private static string Cell(string text)
    {
        var safe = text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' ? "'" + text : text;
        return $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
