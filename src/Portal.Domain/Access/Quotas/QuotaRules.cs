using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Quotas;

/// <summary>Decides whether a team may have more on a host. Pure.</summary>
public static class QuotaRules
{
    /// <summary>Why not, or null.</summary>
    /// <param name="team">The team's name.</param>
    /// <param name="quota">How much it may have.</param>
    /// <param name="usage">What it has.</param>
    /// <param name="demand">What is asked for.</param>
    /// <param name="host">Where.</param>
    public static Error? Check(string team, TeamQuota quota, TeamUsage usage, QuotaDemand demand, HostId host)
    {
        var (before, asked) = (usage.Containers, demand.Limits ?? default);
        var subject = demand.Container is { } id ? before.GetValueOrDefault(id).With(asked) : asked;
        var after = demand switch
        {
            { Starts: true } => usage,
            { Container: { } changed } => usage with { Containers = before.SetItem(changed, subject) },
            { MakesContainer: true } => usage with { Containers = before.Add("", subject) },
            _ => usage,
        };

        return Count("containers", quota.Containers, before.Count, after.Containers.Count)
            ?? Count("volumes", quota.Volumes, usage.Volumes, usage.Volumes + demand.Volumes)
            ?? Amount("memory", "--memory", quota.MemoryBytes, usage.MemoryBytes, after.MemoryBytes, subject.MemoryTaken, QuotaText.Memory)
            ?? Amount("processors", "--cpus", quota.NanoCpus, usage.NanoCpus, after.NanoCpus, subject.CpusTaken, QuotaText.Cpus);

        // What a team has already it may keep, change for less, and remove; it may not start it while it has too much.
        bool Exceeds(Int128 limit, Int128 was, Int128 now) => now > limit && (demand.Starts || now > was);

        Error? Count(string what, int? limit, int was, int now) => limit is { } most && Exceeds(most, was, now)
            ? Refuse("exceeded", $"{was} of {most} {what} on host {host}. Remove some")
            : null;

        Error? Amount(string what, string option, long? limit, Int128 was, Int128 now, Int128? taken, Func<Int128, string> text)
        {
            if (limit is not { } most || (demand.Limits is null && demand.Container is null))
            {
                return null;
            }

            if (taken is null)
            {
                return Refuse("unlimited", $"its quota on host {host} is {text(most)} of {what}, so every container needs a limit. Set one ({option})");
            }

            return Exceeds(most, was, now) ? Refuse("exceeded", $"{text(was)} of {text(most)} {what} on host {host}{(now > was ? $", and {text(now - was)} more asked for" : "")}. Remove some containers, or give them less") : null;
        }

        Error Refuse(string code, string sentence) => new(ErrorKind.Forbidden, $"quota.{code}", $"team {team}: {sentence}, or ask an administrator for more.");
    }
}
