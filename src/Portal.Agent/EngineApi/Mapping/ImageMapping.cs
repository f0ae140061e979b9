using Portal.Domain.Engine;
using Portal.Domain.Engine.Mapping;
using Portal.Domain.Engine.Models;
using Portal.Runtime.Images;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>An image as lists, inspect and history show it.</summary>
internal static class ImageMapping
{
    // By both together, clients of then know an image that nothing refers to; without the second they leave it out.
    private const string None = "<none>:<none>";
    private const string NoDigest = "<none>@<none>";

    public static ImageSummary Summarize(ImageSnapshot image, ApiVersion version, int containers) => new()
    {
        Id = image.Id.ToString(),
        ParentId = image.Parent?.ToString() ?? "",
        RepoTags = image.Tags.Count == 0 && !version.AtLeast(43) ? [None] : [.. image.Tags],
        RepoDigests = image is { Tags.Count: 0, RepoDigests.Count: 0 } && !version.AtLeast(43) ? [NoDigest] : [.. image.RepoDigests],
        Created = image.Created.ToUnixTimeSeconds(),
        Size = image.SizeBytes,
        SharedSize = -1,
        VirtualSize = version.AtLeast(44) ? null : image.SizeBytes,
        Labels = image.Config.Labels.Count == 0 ? null : new(image.Config.Labels),
        Containers = containers,
    };

    public static ImageInspect Inspect(ImageSnapshot image, ApiVersion version) => new()
    {
        Id = image.Id.ToString(),
        RepoTags = [.. image.Tags],
        RepoDigests = [.. image.RepoDigests],
        Parent = image.Parent?.ToString() ?? "",
        Comment = image.Comment,
        Created = EngineTime.Format(image.Created),
        Container = version.AtLeast(45) ? null : "",
        ContainerConfig = Config(image.Config),
        Author = image.Author,
        Config = Config(image.Config),
        Architecture = image.Architecture,
        Os = image.OperatingSystem,
        Size = image.SizeBytes,
        VirtualSize = version.AtLeast(44) ? null : image.SizeBytes,
        GraphDriver = new() { Name = "overlay2" },
        RootFS = new() { Type = "layers", Layers = [.. image.DiffIds.Select(d => d.ToString())] },
        Metadata = new() { LastTagTime = EngineTime.Format(null) },
    };

    /// <summary>Newest first. Only the newest step belongs to an image here; the ids of the others are not kept.</summary>
    public static List<ImageHistoryItem> History(ImageSnapshot image)
    {
        var items = image.History.Reverse().Select(step => new ImageHistoryItem
        {
            Id = "<missing>",
            Created = (step.Created ?? DateTimeOffset.UnixEpoch).ToUnixTimeSeconds(),
            CreatedBy = step.CreatedBy,
            Comment = step.Comment,
            Size = step.SizeBytes,
            Tags = null,
        }).ToList();
        if (items.Count > 0)
        {
            items[0].Id = image.Id.ToString();
            items[0].Tags = image.Tags.Count == 0 ? null : [.. image.Tags];
        }

        return items;
    }

    private static ContainerConfig Config(ImageConfig config) => new()
    {
        Hostname = "",
        Domainname = "",
        User = config.User,
        ExposedPorts = config.ExposedPorts.Count == 0 ? null : config.ExposedPorts.ToDictionary(p => p, _ => new EmptyObject()),
        Env = [.. config.Environment],
        Cmd = config.Command,
        Image = "",
        Volumes = config.Volumes.Count == 0 ? null : config.Volumes.ToDictionary(v => v, _ => new EmptyObject()),
        WorkingDir = config.WorkingDirectory,
        Entrypoint = config.Entrypoint,
        OnBuild = config.OnBuild.Count == 0 ? null : [.. config.OnBuild],
        Labels = config.Labels.Count == 0 ? null : new(config.Labels),
        StopSignal = config.StopSignal,
        Healthcheck = HealthMapping.Show(config.HealthCheck),
        Shell = config.Shell,
    };
}
