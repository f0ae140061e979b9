using Microsoft.AspNetCore.Identity;
using Portal.Api.Adapters.Storage;

namespace Portal.Api.Security;

/// <summary>Hashes passwords, on half of the processors at most: a flood of sign-ins leaves the others to everybody else.</summary>
internal sealed class PasswordGate(IPasswordHasher<PortalUser> hasher) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly Lazy<string> _dummy = new(() => hasher.HashPassword(new PortalUser(), Guid.NewGuid().ToString()));

    /// <summary>True when the password is right. With no account the same work is done on a dummy, and the answer is no.</summary>
    public async Task<bool> VerifyAsync(PortalUser? user, string password, CancellationToken ct)
    {
        await _slots.WaitAsync(ct);
        try
        {
            return await Task.Run(() => hasher.VerifyHashedPassword(user ?? new PortalUser(), user?.PasswordHash ?? _dummy.Value, password), ct)
                != PasswordVerificationResult.Failed && user is not null;
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <summary>The hash to store.</summary>
    public async Task<string> HashAsync(PortalUser user, string password, CancellationToken ct)
    {
        await _slots.WaitAsync(ct);
        try
        {
            return await Task.Run(() => hasher.HashPassword(user, password), ct);
        }
        finally
        {
            _slots.Release();
        }
    }

    public void Dispose() => _slots.Dispose();
}
