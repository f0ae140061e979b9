using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;

namespace Portal.Runtime.Containers;

/// <summary>What was asked over what the image says. Pure.</summary>
internal static class EffectiveProcessMerge
{
    /// <summary>Merges.</summary>
    /// <exception cref="ErrorException">400: nothing to run, or an unknown stop signal.</exception>
    public static EffectiveProcess Merge(ContainerSpec spec, ImageConfig image)
    {
        // An entry point of one's own makes the image's arguments meaningless: they were written for the image's.
        var entrypoint = spec.Entrypoint is null ? image.Entrypoint ?? [] : spec.Entrypoint is [""] ? [] : spec.Entrypoint;
        var command = spec.Command is { Count: > 0 } ? spec.Command : spec.Entrypoint is { Count: > 0 } ? [] : image.Command ?? [];
        if (entrypoint.Count == 0 && command.Count == 0)
        {
            throw new ErrorException(ErrorKind.Invalid, "container.no_command", "no command specified");
        }

        var labels = new Dictionary<string, string>(image.Labels);
        foreach (var (key, value) in spec.Labels)
        {
            labels[key] = value;
        }

        var stopSignal = FirstOf(spec.StopSignal, image.StopSignal);
        return new(
            entrypoint, command, Environment(image.Environment, spec.Environment), FirstOf(spec.WorkingDirectory, image.WorkingDirectory) ?? "/",
            FirstOf(spec.User, image.User) ?? "", labels, [.. image.ExposedPorts.Concat(spec.ExposedPorts).Distinct()],
            stopSignal is null ? SignalName.Terminate : SignalName.Parse(stopSignal), HealthCheck(spec.HealthCheck, image.HealthCheck), image.Shell,
            spec.Mounts.Where(mount => mount.Origin == MountOrigin.Volumes).Select(mount => mount.Target).Concat(image.Volumes).Distinct().ToList() is { Count: > 0 } volumes ? volumes : null);
    }

    /// <summary>What is not said of a check of one's own is the image's; NONE turns it off.</summary>
    private static HealthCheckSpec? HealthCheck(HealthCheckSpec? own, HealthCheckSpec? image)
    {
        var check = own is null ? image : own with
        {
            Test = own.Test.Count > 0 ? own.Test : image?.Test ?? [],
            Interval = FirstOf(own.Interval, image?.Interval),
            Timeout = FirstOf(own.Timeout, image?.Timeout),
            StartPeriod = FirstOf(own.StartPeriod, image?.StartPeriod),
            StartInterval = FirstOf(own.StartInterval, image?.StartInterval),
            Retries = own.Retries > 0 ? own.Retries : image?.Retries ?? 0,
        };
        return check?.Test is null or [] or ["NONE", ..] ? null : check;
    }

    private static TimeSpan FirstOf(TimeSpan first, TimeSpan? second) => first != TimeSpan.Zero ? first : second ?? TimeSpan.Zero;

    /// <summary>Later entries replace earlier ones in place; a bare name removes.</summary>
    internal static IReadOnlyList<string> Environment(IReadOnlyList<string> image, IReadOnlyList<string> own)
    {
        var merged = new List<string>(image);
        foreach (var entry in own)
        {
            var name = NameOf(entry);
            var index = merged.FindIndex(other => NameOf(other).Equals(name, StringComparison.Ordinal));
            if (name.Length == entry.Length)
            {
                merged.RemoveAll(other => NameOf(other).Equals(name, StringComparison.Ordinal));
            }
            else if (index >= 0)
            {
                merged[index] = entry;
            }
            else
            {
                merged.Add(entry);
            }
        }

        return merged;
    }

    private static string NameOf(string entry) => entry.IndexOf('=', StringComparison.Ordinal) is var sign and >= 0 ? entry[..sign] : entry;

    private static string? FirstOf(string? first, string? second) =>
        !string.IsNullOrEmpty(first) ? first : !string.IsNullOrEmpty(second) ? second : null;
}
