using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Adapters.Storage;
using Portal.Domain.Access;
using Portal.Domain.Access.Users;
using Portal.Domain.Audit;
using Portal.Domain.Primitives;

namespace Portal.Api.Security;

/// <inheritdoc cref="ISetup"/>
internal sealed class Setup(
    SetupSecret secret, IDbContextFactory<PortalDb> databases, PasswordGate passwords, ILookupNormalizer names, IAuditLog audit, TimeProvider time, ILogger<Setup> log)
    : ISetup, IHostedService, IDisposable
{
    private readonly AttemptThrottle _throttle = new(time);
    private readonly SourceLimit _sources = new(time);

    /// <summary>Two people with the secret: the second must see that the first has been.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);

    private volatile bool _closed;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (await IsRequiredAsync(cancellationToken))
        {
            secret.Ensure();
            log.SetupOpen(secret.Path);
        }
        else
        {
            // A portal that ended between creating the administrator and deleting the secret.
            secret.Delete();
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<bool> IsRequiredAsync(CancellationToken ct)
    {
        if (!_closed)
        {
            await using var db = await databases.CreateDbContextAsync(ct);
            _closed = await db.Users.AnyAsync(ct);
        }

        return !_closed;
    }

    public async Task<Result> CompleteAsync(CompleteSetup command, string source, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            var result = await TryCompleteAsync(command, source, ct);
            var actor = new Actor("", $"setup from {source}", []) { Source = source };
            await audit.RecordAsync(actor, nameof(CompleteSetup), PasswordRules.CheckName(command.UserName) is null ? command.UserName : "", result.Error, ct);
            return result;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task<Result> TryCompleteAsync(CompleteSetup command, string source, CancellationToken ct)
    {
        if (!await IsRequiredAsync(ct))
        {
            return new Error(ErrorKind.Conflict, "setup.closed", "This installation has an administrator already. Sign in instead.");
        }

        if (_sources.Enter(source) is var full && full > TimeSpan.Zero)
        {
            return Throttling.Refusal("setup.throttled", full);
        }

        if (_throttle.WaitOf(source) is var wait && wait > TimeSpan.Zero)
        {
            return Throttling.Refusal("setup.throttled", wait);
        }

        if (!secret.Matches(command.Secret))
        {
            _throttle.Failed(source);
            return new Error(ErrorKind.Unauthorized, "setup.secret", $"This is not the setup secret. It is in the file {secret.Path} on the machine that runs the portal.");
        }

        if ((PasswordRules.CheckName(command.UserName) ?? PasswordRules.CheckPassword(command.Password, command.UserName)) is { } unusable)
        {
            return unusable;
        }

        await using var db = await databases.CreateDbContextAsync(ct);
        var user = new PortalUser
        {
            UserName = command.UserName,
            NormalizedUserName = names.NormalizeName(command.UserName),
            SecurityStamp = Guid.NewGuid().ToString("N"),
            CreatedUnix = time.GetUtcNow().ToUnixTimeSeconds(),
        };
        user.PasswordHash = await passwords.HashAsync(user, command.Password, ct);
        db.Users.Add(user);
        db.Grants.Add(new GrantRecord
        {
            Id = Secrets.NewId(), SubjectKind = SubjectText.Of(SubjectKind.User), SubjectId = user.Id, Role = BuiltInRoles.Administrator.Name, Scope = ScopeText.Of(Scope.All),
        });
        await db.SaveChangesAsync(ct);

        _closed = true;
        secret.Delete();
        log.SetupCompleted(command.UserName, source);
        return Result.Success;
    }
}
