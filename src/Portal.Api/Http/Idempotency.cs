using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Adapters.Storage;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Primitives;

namespace Portal.Api.Http;

/// <summary>
/// Creates that may be sent twice: with one <c>Idempotency-Key</c>, whoever does not know whether a create has arrived sends it again, and what was made
/// the first time is the answer. A key is its caller's own, stands for one request, and lasts a day.
/// </summary>
internal sealed class Idempotency(IDbContextFactory<PortalDb> databases, TokenKey key, IAccessPolicy access, TimeProvider time)
{
    public const string Header = "Idempotency-Key";

    private const int Longest = 128;
    private static readonly TimeSpan s_life = TimeSpan.FromDays(1), s_busy = TimeSpan.FromMinutes(1);

    /// <summary>Runs <paramref name="create"/>, which answers what it made in few words, such as the new id, unless this key has made something already: then that.</summary>
    public async Task<Result<string>> OnceAsync(HttpContext http, Actor actor, Permission? permission, object request, Func<Task<Result<string>>> create, CancellationToken ct)
    {
        var word = http.Request.Headers[Header].ToString();
        if (word.Length == 0 || (permission is { } needed && access.Check(actor, needed, AccessTarget.Portal) is not null))
        {
            // Who may not create it now is refused there, and does not get to see what they made when they might.
            return await create();
        }

        if (word.Length > Longest || word.Any(char.IsControl))
        {
            return new Error(ErrorKind.Invalid, "idempotency.key", $"An idempotency key has 1 to {Longest} printable characters.");
        }

        var (who, now) = (actor.TokenId ?? actor.UserId, time.GetUtcNow().ToUnixTimeSeconds());

        // With a key, for the request may hold a password, and whoever reads the table must not be able to try some.
        var digest = Convert.ToHexStringLower(HMACSHA256.HashData(key.Key.Key, JsonSerializer.SerializeToUtf8Bytes(new { http.Request.Method, Path = http.Request.Path.Value, Body = request })));
        await using var db = await databases.CreateDbContextAsync(ct);
        await db.Idempotency.Where(old => old.ExpiresUnix < now).ExecuteDeleteAsync(ct);
        if (await db.Idempotency.AsNoTracking().SingleOrDefaultAsync(old => old.Actor == who && old.Key == word, ct) is { } before)
        {
            return (before.Request == digest, before.Made.Length > 0) switch
            {
                (false, _) => new Error(ErrorKind.Conflict, "idempotency.other", "This idempotency key was used for another request. Make a new key for each."),
                (true, false) => s_underWay,
                (true, true) => before.Made,
            };
        }

        var record = new IdempotencyRecord { Actor = who, Key = word, Request = digest, ExpiresUnix = now + (long)s_busy.TotalSeconds };
        db.Idempotency.Add(record);
        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateException)
        {
            return s_underWay;
        }

        var made = await create();
        if (made.IsSuccess)
        {
            (record.Made, record.ExpiresUnix) = (made.Value, now + (long)s_life.TotalSeconds);
        }
        else
        {
            // What failed made nothing, and may be tried again.
            db.Idempotency.Remove(record);
        }

        await db.SaveChangesAsync(CancellationToken.None);
        return made;
    }

    private static readonly Error s_underWay = new(ErrorKind.Conflict, "idempotency.busy", "The first request with this idempotency key is still under way. Ask again in a moment.")
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };
}
