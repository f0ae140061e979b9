using Portal.Domain.Containers;

namespace Portal.Runtime.Supervision;

/// <summary>When a container that ended is started again, and after what pause. Pure.</summary>
internal static class RestartRule
{
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(1);

    /// <summary>A run this long makes the next pause the first one again.</summary>
    public static readonly TimeSpan SteadyRun = TimeSpan.FromSeconds(10);

    /// <summary>The pause before the next start, or null when there is none.</summary>
    /// <param name="policy">What was asked.</param>
    /// <param name="exitCode">Of the run that ended.</param>
    /// <param name="ran">How long it ran.</param>
    /// <param name="stoppedByUser">The end was asked for.</param>
    /// <param name="restarts">Starts by policy so far.</param>
    /// <param name="previous">The pause before the run that ended; zero when it was not a restart.</param>
    public static TimeSpan? Next(RestartPolicySpec policy, int exitCode, TimeSpan ran, bool stoppedByUser, int restarts, TimeSpan previous)
    {
        var again = !stoppedByUser && policy.Kind switch
        {
            RestartPolicyKind.No => false,
            RestartPolicyKind.Always => true,
            RestartPolicyKind.UnlessStopped => true,
            RestartPolicyKind.OnFailure => exitCode != 0 && (policy.MaximumRetryCount <= 0 || restarts < policy.MaximumRetryCount),
        };
        if (!again)
        {
            return null;
        }

        var doubled = previous * 2;
        return ran >= SteadyRun || previous <= TimeSpan.Zero ? s_first : doubled < s_longest ? doubled : s_longest;
    }

    /// <summary>Whether a container that is not running when the engine starts is started then.</summary>
    /// <param name="policy">What was asked.</param>
    /// <param name="wasRunning">It ran (or waited to be restarted) when the engine was last seen.</param>
    /// <param name="exitCode">Its exit code as far as known.</param>
    /// <param name="stoppedByUser">The last end was asked for.</param>
    /// <param name="restarts">Starts by policy so far.</param>
    public static bool StartsWithEngine(RestartPolicySpec policy, bool wasRunning, int exitCode, bool stoppedByUser, int restarts) => policy.Kind switch
    {
        RestartPolicyKind.No => false,
        RestartPolicyKind.Always => wasRunning || stoppedByUser,
        RestartPolicyKind.UnlessStopped => wasRunning && !stoppedByUser,
        RestartPolicyKind.OnFailure => wasRunning && !stoppedByUser && exitCode != 0 && (policy.MaximumRetryCount <= 0 || restarts < policy.MaximumRetryCount),
    };
}
