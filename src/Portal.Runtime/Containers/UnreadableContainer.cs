using Portal.Domain.Primitives;

namespace Portal.Runtime.Containers;

/// <summary>What stands for a container whose record cannot be read: it is listed, its files can be copied, and it can be removed. Nothing else.</summary>
internal static class UnreadableContainer
{
    /// <summary>Describes one.</summary>
    /// <param name="id">Its id, which its folder still tells.</param>
    /// <param name="dataRoot">What the path in the message begins after.</param>
    /// <param name="folder">Its folder.</param>
    public static ContainerRecord Describe(ContainerId id, string dataRoot, string folder) => new(
        ContainerRecord.CurrentVersion,
        new(
            id, "unreadable-" + id.Abbreviated, new(Directory.GetLastWriteTimeUtc(folder), TimeSpan.Zero), new() { Image = "unknown" },
            new([], [], [], "/", "", new Dictionary<string, string>(), [], SignalName.Terminate), Digest.Of([]),
            ContainerStatus.Created with
            {
                State = Domain.Containers.ContainerState.Dead,
                Error = $"the record of this container cannot be read; it was set aside in {Path.GetRelativePath(dataRoot, folder)} of the data root",
            },
            null, [], File.Exists(folder + "/container.log") ? folder + "/container.log" : "", 0) { IsUnreadable = true },
        null, StoppedByUser: false, Removing: false);
}
