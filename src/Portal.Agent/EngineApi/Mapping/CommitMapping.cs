using Portal.Domain.Engine.Mapping;
using Portal.Domain.Engine.Models;
using Portal.Runtime.Images;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>The configuration of a commit: what the request says over what the container has.</summary>
internal static class CommitMapping
{
    public static ImageConfig Map(ContainerConfig config) => new()
    {
        User = config.User ?? "",
        ExposedPorts = [.. config.ExposedPorts?.Keys ?? Enumerable.Empty<string>()],
        Environment = config.Env ?? [],
        Entrypoint = config.Entrypoint,
        Command = config.Cmd,
        Volumes = [.. config.Volumes?.Keys ?? Enumerable.Empty<string>()],
        WorkingDirectory = config.WorkingDir ?? "",
        Labels = config.Labels ?? [],
        StopSignal = string.IsNullOrEmpty(config.StopSignal) ? null : config.StopSignal,
        HealthCheck = HealthMapping.Map(config.Healthcheck),
        Shell = config.Shell is { Count: > 0 } ? config.Shell : null,
        OnBuild = config.OnBuild ?? [],
    };

    /// <summary>What is not said is the container's. An entry point of one's own leaves out the container's arguments.</summary>
    public static ImageConfig Merge(ImageConfig wanted, ImageConfig own)
    {
        var names = wanted.Environment.Select(NameOf).ToHashSet(StringComparer.Ordinal);
        var labels = new Dictionary<string, string>(own.Labels);
        foreach (var (name, value) in wanted.Labels)
        {
            labels[name] = value;
        }

        var hasEntrypoint = wanted.Entrypoint is { Count: > 0 };
        return wanted with
        {
            User = wanted.User.Length > 0 ? wanted.User : own.User,
            ExposedPorts = [.. wanted.ExposedPorts.Concat(own.ExposedPorts).Distinct()],
            Environment = [.. wanted.Environment, .. own.Environment.Where(entry => !names.Contains(NameOf(entry)))],
            Labels = labels,
            Command = hasEntrypoint || wanted.Command is { Count: > 0 } ? wanted.Command : own.Command,
            Entrypoint = hasEntrypoint ? wanted.Entrypoint : wanted.Entrypoint ?? own.Entrypoint,
            HealthCheck = wanted.HealthCheck ?? own.HealthCheck,
            WorkingDirectory = wanted.WorkingDirectory.Length > 0 ? wanted.WorkingDirectory : own.WorkingDirectory,
            Volumes = [.. wanted.Volumes.Concat(own.Volumes).Distinct()],
            StopSignal = wanted.StopSignal ?? own.StopSignal,
            Shell = wanted.Shell ?? own.Shell,
        };
    }

    private static string NameOf(string entry) => entry.IndexOf('=', StringComparison.Ordinal) is var sign and >= 0 ? entry[..sign] : entry;
}
