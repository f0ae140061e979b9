using Portal.Agent.EngineApi.Mapping;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;
using Portal.Runtime.Containers;
using Portal.Runtime.Files;
using Portal.Runtime.Images;
using Portal.Runtime.Networks;
using Portal.Runtime.Volumes;

namespace Portal.Agent.EngineApi;

/// <summary>What everything takes on the disk.</summary>
internal sealed class DiskUsageEndpoints(IDiskUsage usage, IContainers containers, IImages images, INetworks networks, IVolumes volumes, IBuilder builder, TimeProvider time)
{
    public void Map(RouteTable routes) => routes.Get("system/df", ReadAsync);

    private async Task ReadAsync(EngineRequest request)
    {
        var types = request.Version.AtLeast(42) ? request.QueryAll("type") : [];
        foreach (var type in types)
        {
            if (type is not ("container" or "image" or "volume" or "build-cache"))
            {
                throw EngineErrors.Invalid("system.df_type", $"unknown object type: {type}");
            }
        }

        bool Wanted(string type) => types.Count == 0 || types.Contains(type);
        var taken = await usage.ReadAsync(request.Aborted);
        var (allContainers, allImages) = (containers.List(), images.List());
        var answer = new DiskUsage { BuilderSize = request.Version.AtLeast(42) ? null : builder.Cache().Sum(record => record.SizeBytes) };
        if (Wanted("image"))
        {
            answer.LayersSize = taken.Layers;
            answer.Images = [.. allImages.Select(image => Image(image, taken, allContainers, request))];
        }

        if (Wanted("container"))
        {
            var (tags, all, now) = (ImageName.TagsOf(allImages), networks.List(), time.GetUtcNow());
            var sizes = allImages.ToDictionary(image => image.Id, image => image.SizeBytes);
            answer.Containers = [.. allContainers.Select(container => Container(container, ContainerMapping.Summarize(container, ImageName.OfContainer(container.Spec.Image, container.ImageId, tags), all, now), taken, sizes))];
        }

        if (Wanted("volume"))
        {
            answer.Volumes = [.. volumes.List().Where(volume => volume.Options.Given is not { Count: > 0 }).Select(volume => VolumeEndpoints.Resource(volume, Volume(volume, taken, allContainers)))];
        }

        if (Wanted("build-cache"))
        {
            answer.BuildCache = [.. builder.Cache().Select(BuildMapping.Show)];
        }

        await request.Json(answer, EngineJson.Default.DiskUsage);
    }

    private static ImageSummary Image(ImageSnapshot image, DiskUsageSnapshot taken, IReadOnlyList<ContainerSnapshot> users, EngineRequest request)
    {
        var summary = ImageMapping.Summarize(image, request.Version, users.Count(container => container.ImageId == image.Id));
        summary.SharedSize = taken.SharedOfImage.GetValueOrDefault(image.Id);
        return summary;
    }

    private static ContainerSummary Container(ContainerSnapshot container, ContainerSummary summary, DiskUsageSnapshot taken, Dictionary<Digest, long> images)
    {
        var writable = taken.WritableOfContainer.GetValueOrDefault(container.Id);
        (summary.SizeRw, summary.SizeRootFs) = (writable, images.GetValueOrDefault(container.ImageId) + writable);
        return summary;
    }

    private static VolumeUsage Volume(VolumeSnapshot volume, DiskUsageSnapshot taken, IReadOnlyList<ContainerSnapshot> users) => new()
    {
        Size = taken.Volumes.GetValueOrDefault(volume.Name, -1),
        RefCount = users.Count(container => container.Mounts.Any(mount => mount.VolumeName == volume.Name)),
    };
}
