using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;

namespace Portal.Runtime.Files;

/// <summary>Makes images of containers.</summary>
internal sealed class ContainerCommit(IContainers containers, ImageStore images, ILayerStore layers, IRuntimeEvents events, TimeProvider time)
{
    public async Task<Digest> CommitAsync(Container container, CommitSpec spec, CancellationToken ct)
    {
        var snapshot = container.Snapshot;
        if (snapshot.Status.State is ContainerState.Dead or ContainerState.Removing)
        {
            var state = snapshot.Status.State == ContainerState.Dead ? "Dead" : "being removed";
            throw new ErrorException(ErrorKind.Conflict, "container.removing", $"You cannot commit container {snapshot.Id} which is {state}");
        }

        var image = images.Resolve(snapshot.ImageId.ToString());
        var process = snapshot.Effective;
        var config = spec.Config(ConfigOf(snapshot, image.Config));
        if (config.StopSignal is { } signal)
        {
            _ = SignalName.Parse(signal);
        }

        var commit = new ImageCommit(spec.Repository, spec.Tag, spec.Author, spec.Comment, string.Join(' ', process.Command), config);
        var paused = spec.Pause && await TryPauseAsync(snapshot, ct).ConfigureAwait(false);
        Digest id;
        string reference;
        try
        {
            (id, reference) = await images.CommitAsync(
                image.Id, tar => LayerArchive.Write(new LayerDiff(layers.Stack(container.Id), privileged: true), tar, time.GetUtcNow(), ct), commit, ct).ConfigureAwait(false);
        }
        finally
        {
            if (paused)
            {
                await UnpauseAsync(snapshot.Id).ConfigureAwait(false);
            }
        }

        events.Publish(ContainerEvent.Of(
            container.Snapshot, "commit", time.GetUtcNow(), ("comment", spec.Comment), ("imageID", id.ToString()), ("imageRef", reference)));
        return id;
    }

    /// <summary>The container's own configuration as an image would say it. Triggers for builds were the image's, not its.</summary>
    internal static ImageConfig ConfigOf(ContainerSnapshot container, ImageConfig image)
    {
        var (spec, process) = (container.Spec, container.Effective);
        return new()
        {
            User = process.User,
            ExposedPorts = process.ExposedPorts,
            Environment = process.Environment,
            Entrypoint = process.Entrypoint.Count == 0 ? null : process.Entrypoint,
            Command = process.Command.Count == 0 ? null : process.Command,
            Volumes = [.. image.Volumes.Concat(container.Mounts.Where(m => m.Anonymous).Select(m => m.Target)).Distinct()],
            WorkingDirectory = process.WorkingDirectory == "/" ? "" : process.WorkingDirectory,
            Labels = process.Labels,
            StopSignal = string.IsNullOrEmpty(spec.StopSignal) ? image.StopSignal : spec.StopSignal,
            HealthCheck = process.HealthCheck ?? (spec.HealthCheck?.Test is ["NONE", ..] ? spec.HealthCheck : null),
            Shell = process.Shell,
        };
    }

    private async Task<bool> TryPauseAsync(ContainerSnapshot container, CancellationToken ct)
    {
        if (container.Status.State != ContainerState.Running)
        {
            return false;
        }

        try
        {
            await containers.PauseAsync(container.Id, ct).ConfigureAwait(false);
            return true;
        }
        catch (ErrorException)
        {
            // Ended, or paused by somebody else, since it was looked at: either way nothing in it moves.
            return false;
        }
    }

    private async Task UnpauseAsync(ContainerId container)
    {
        try
        {
            await containers.UnpauseAsync(container, CancellationToken.None).ConfigureAwait(false);
        }
        catch (ErrorException)
        {
            // Somebody else let it go on, or ended it.
        }
    }
}
