using System.Net.Sockets;

namespace Portal.Runtime.Registries;

/// <summary>Tries again what may go well another time, each time after a longer wait.</summary>
internal static class Patient
{
    private const int Questions = 3;

    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);

    /// <summary>Asks a small question, up to three times.</summary>
    public static async Task<T> AskAsync<T>(Func<Task<T>> ask, TimeProvider time, CancellationToken ct)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await ask().ConfigureAwait(false);
            }
            catch (Exception e) when (attempt + 1 < Questions && MayGoWell(e) is { } wait)
            {
                await Task.Delay(Longer(wait, attempt), time, ct).ConfigureAwait(false);
            }
        }
    }

    /// <summary>How long to wait at least before the next try; null when that would be of no use.</summary>
    public static TimeSpan? MayGoWell(Exception e) => e switch
    {
        RegistryFailureException { IsTransient: true } failure => failure.RetryAfter ?? s_first,
        RegistryConnectionException connection => IsFinal(connection) ? null : s_first,
        _ => null,
    };

    /// <summary>The wait before a try, doubled with each one before it.</summary>
    public static TimeSpan Longer(TimeSpan wait, int attempt)
    {
        var longer = wait * Math.Pow(2, attempt);
        return longer > s_longest ? s_longest : longer < TimeSpan.Zero ? TimeSpan.Zero : longer;
    }

    /// <summary>Nobody is there: that is an answer, and who waits for it wants it now.</summary>
    private static bool IsFinal(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
        {
            if (e is System.Security.Authentication.AuthenticationException or SocketException { SocketErrorCode: SocketError.ConnectionRefused or SocketError.HostNotFound or SocketError.NoData or SocketError.NetworkUnreachable or SocketError.HostUnreachable })
            {
                return true;
            }
        }

        return false;
    }
}
