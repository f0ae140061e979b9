using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Domain.Operations;
using Portal.Domain.Primitives;

namespace Portal.Api.Adapters.Storage;

/// <summary>Operations in the database: that they were begun, and how they ended.</summary>
internal sealed class OperationStore(IDbContextFactory<PortalDb> databases)
{
    /// <summary>All that there are. One of a kind that this version does not know is left out.</summary>
    public async Task<IReadOnlyList<Operation>> ListAsync(CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return [.. (await db.Operations.AsNoTracking().ToListAsync(ct)).Select(Read).OfType<Operation>()];
    }

    /// <summary>Writes down how far it is; a new one too.</summary>
    public async Task KeepAsync(Operation operation, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var record = await db.Operations.FindAsync([operation.Id], ct) ?? db.Operations.Add(new()
        {
            Id = operation.Id, Kind = operation.Kind.ToString(), Host = operation.Host.Value, Target = operation.Target, OwnerKind = SubjectText.Of(operation.Owner.Kind),
            OwnerId = operation.Owner.Id, OwnerName = operation.OwnerName, TokenId = operation.TokenId, State = "", Created = operation.Created.ToUnixTimeMilliseconds(),
        }).Entity;
        (record.State, record.Started, record.Ended) = (operation.State.ToString(), operation.Started?.ToUnixTimeMilliseconds(), operation.Ended?.ToUnixTimeMilliseconds());
        (record.ErrorKind, record.ErrorCode, record.ErrorMessage) = (operation.Error?.Kind.ToString(), operation.Error?.Code, operation.Error?.Message);
        record.Result = operation.Result is null ? null : JsonSerializer.Serialize(operation.Result);
        await db.SaveChangesAsync(ct);
    }

    /// <summary>Forgets some.</summary>
    public async Task RemoveAsync(IReadOnlyCollection<string> ids, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        foreach (var some in ids.Chunk(100))
        {
            await db.Operations.Where(operation => some.Contains(operation.Id)).ExecuteDeleteAsync(ct);
        }
    }

    private static Operation? Read(OperationRecord record) => !Enum.TryParse<OperationKind>(record.Kind, out var kind) || !Enum.TryParse<OperationState>(record.State, out var state)
        ? null
        : new(record.Id, kind, new(record.Host), record.Target, SubjectText.Read(record.OwnerKind, record.OwnerId), record.OwnerName, record.TokenId, At(record.Created))
        {
            State = state,
            Started = record.Started is { } started ? At(started) : null,
            Ended = record.Ended is { } ended ? At(ended) : null,
            Error = record.ErrorCode is { } code ? new(Enum.TryParse<ErrorKind>(record.ErrorKind, out var error) ? error : ErrorKind.Internal, code, record.ErrorMessage ?? "") : null,
            Result = record.Result is { } result ? JsonSerializer.Deserialize<OperationResult>(result) : null,
        };

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
