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

    /// <summary>
    /// Whether a container that ended is started when the engine is. As in Docker, "always" then means also one that was stopped, and what
    /// could not be started again before gets another try.
    /// </summary>
    /// <param name="policy">What was asked.</param>
    /// <param name="exitCode">Of its last run.</param>
    /// <param name="stoppedByUser">The last end was asked for.</param>
    /// <param name="restarts">Starts by policy so far.</param>
    public static bool StartsWithEngine(RestartPolicySpec policy, int exitCode, bool stoppedByUser, int restarts) => policy.Kind switch
    {
        RestartPolicyKind.No => false,
        RestartPolicyKind.Always => true,
        RestartPolicyKind.UnlessStopped => !stoppedByUser,
        RestartPolicyKind.OnFailure => !stoppedByUser && exitCode != 0 && (policy.MaximumRetryCount <= 0 || restarts < policy.MaximumRetryCount),
    };

    /// <summary>What is left of a pause that began under an earlier engine. A clock that was set makes it neither longer nor endless.</summary>
    /// <param name="pause">The whole pause.</param>
    /// <param name="finished">When it began.</param>
    /// <param name="now">The time.</param>
    public static TimeSpan Remaining(TimeSpan pause, DateTimeOffset? finished, DateTimeOffset now)
    {
        var left = finished is { } began ? began + pause - now : pause;
        return left < TimeSpan.Zero ? TimeSpan.Zero : left < pause ? left : pause;
    }
}
