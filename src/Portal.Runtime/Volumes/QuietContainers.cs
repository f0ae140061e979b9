using System.Text.Json;
using Microsoft.Extensions.Logging;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Volumes;

/// <summary>
/// Pauses or stops the containers that use a volume, and has them go on afterwards. What is to go on is written down first, in
/// <c>quiet/</c> of the data root, so that the next agent does it when this one cannot.
/// </summary>
internal sealed partial class QuietContainers(RuntimeOptions options, IContainers containers, ILogger<QuietContainers> log)
{
    private string Folder { get; } = options.DataRoot + "/quiet";

    /// <summary>Quiets the containers that use a volume, until the answer is disposed of.</summary>
    /// <exception cref="ErrorException">409: one of them cannot be; the others go on.</exception>
    public async Task<IAsyncDisposable> BeginAsync(string volume, QuietMode mode, CancellationToken ct)
    {
        var users = containers.List().Where(container => container.Mounts.Any(mount => mount.VolumeName == volume)
            && (container.Status.State == ContainerState.Running || (mode == QuietMode.Stop && container.Status.State == ContainerState.Restarting))).ToList();
        if (mode == QuietMode.None || users.Count == 0)
        {
            return new Quiet(this, null);
        }

        if (mode == QuietMode.Stop && users.Find(container => container.Spec.AutoRemove) is { } ephemeral)
        {
            throw new ErrorException(ErrorKind.Conflict, "volume.user_would_go", $"container {ephemeral.Name} uses volume {volume} and is removed when it stops; have it paused instead");
        }

        // Who was made first is usually needed first: last to stop, first to go on.
        users.Reverse();
        Directory.CreateDirectory(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var path = $"{Folder}/{Guid.NewGuid():n}.json";
        DurableFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(new QuietNote(mode, [.. users.Select(container => container.Id.Value)]), VolumeJson.Default.QuietNote));
        var quiet = new Quiet(this, path);
        try
        {
            foreach (var container in Enumerable.Reverse(users))
            {
                ct.ThrowIfCancellationRequested();
                await QuietAsync(container.Id, mode).ConfigureAwait(false);
            }

            return quiet;
        }
        catch
        {
            await quiet.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Has go on what an earlier agent had quieted.</summary>
    public async Task SettleAsync()
    {
        if (!Directory.Exists(Folder))
        {
            return;
        }

        DurableFile.Sweep(Folder);
        foreach (var path in Directory.GetFiles(Folder, "*.json"))
        {
            await UndoAsync(path).ConfigureAwait(false);
        }
    }

    private async Task QuietAsync(ContainerId id, QuietMode mode)
    {
        try
        {
            if (mode == QuietMode.Pause)
            {
                await containers.PauseAsync(id, CancellationToken.None).ConfigureAwait(false);
            }
            else
            {
                await containers.StopAsync(id, null, null, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (ErrorException ex) when (ex.Error.Kind is ErrorKind.Conflict or ErrorKind.NotFound && !IsRunning(id))
        {
            // It has ended by itself, which is as quiet.
        }
    }

    private bool IsRunning(ContainerId id) => containers.List().Any(container => container.Id == id && container.Status.State == ContainerState.Running);

    private async Task UndoAsync(string path)
    {
        QuietNote? note = null;
        try
        {
            note = JsonSerializer.Deserialize(await File.ReadAllBytesAsync(path).ConfigureAwait(false), VolumeJson.Default.QuietNote);
        }
        catch (JsonException ex)
        {
            LogGoOn(path, ex);
        }

        foreach (var text in note?.Containers ?? [])
        {
            var container = containers.List().FirstOrDefault(container => container.Id.Value == text);
            try
            {
                if (container is not null && note!.Mode == QuietMode.Stop)
                {
                    await containers.StartAsync(container.Id, CancellationToken.None).ConfigureAwait(false);
                }
                else if (container?.Status.State == ContainerState.Paused)
                {
                    await containers.UnpauseAsync(container.Id, CancellationToken.None).ConfigureAwait(false);
                }
            }
            catch (Exception ex) when (ex is ErrorException or IOException)
            {
                // One that cannot go on must not keep the others from it. A second attempt would not find it otherwise.
                LogGoOn(container!.Name, ex);
            }
        }

        File.Delete(path);
    }

    [LoggerMessage(3323, LogLevel.Error, "{Container} was quiet for a backup of a volume and does not go on.")]
    private partial void LogGoOn(string container, Exception failure);

    private sealed class Quiet(QuietContainers owner, string? path) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => path is null ? ValueTask.CompletedTask : new(owner.UndoAsync(path));
    }
}
