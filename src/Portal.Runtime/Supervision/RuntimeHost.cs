using Microsoft.Extensions.Hosting;
using Portal.Domain.Primitives;
using Portal.Runtime.AppArmor;
using Portal.Runtime.Containers;
using Portal.Runtime.Exec;
using Portal.Runtime.Linux;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Supervision;

/// <summary>
/// Starts the runtime before anything is served: takes the data root for itself, makes the folders, reads the stores, and
/// adopts what is there. Stopping ends nothing: containers run on.
/// </summary>
internal sealed class RuntimeHost(
    RuntimeOptions options, ContainerStore store, LocalVolumes volumes, AppArmorHost appArmor, HelperVersions helpers, ContainerLifecycle lifecycle,
    QuietContainers quiet) : IHostedService, IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private FileStream? _lock;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(options.DataRoot, Private | UnixFileMode.GroupExecute);
        Directory.CreateDirectory(options.RunRoot, Private | UnixFileMode.GroupExecute);
        _lock = Lock(options.DataRoot);
        foreach (var folder in (string[])["bundles", "exits", "execs", "oci"])
        {
            Directory.CreateDirectory($"{options.RunRoot}/{folder}", Private);
        }

        ExecLeftovers.Sweep(options);
        Builds.Running.BuildScratch.Sweep(options);

        // The run root is on a tmpfs, so the mark is usually gone when the machine was started anew; elsewhere it is of another boot then.
        var mark = options.RunRoot + "/booted";
        var newBoot = !File.Exists(mark) || await File.ReadAllTextAsync(mark, cancellationToken).ConfigureAwait(false) is var boot && boot != ProcFile.BootId;
        store.Load();
        volumes.Load();
        store.DropUnfinished();
        await appArmor.PrepareAsync(cancellationToken).ConfigureAwait(false);
        await helpers.ReadAsync(cancellationToken).ConfigureAwait(false);
        await lifecycle.AdoptAsync(newBoot, options.StartsContainers, cancellationToken).ConfigureAwait(false);
        if (options.StartsContainers)
        {
            await quiet.SettleAsync().ConfigureAwait(false);
        }

        await File.WriteAllTextAsync(mark, ProcFile.BootId, cancellationToken).ConfigureAwait(false);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _lock?.Dispose();

    /// <summary>Takes the lock (flock(2)), which the kernel gives back when this process ends in whatever way.</summary>
    private static FileStream Lock(string dataRoot)
    {
        try
        {
            return new(dataRoot + "/lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException ex)
        {
            throw new ErrorException(
                ErrorKind.Conflict, "runtime.locked", $"Another agent uses the data root {dataRoot}. Stop it, or give this one a data root of its own.", ex);
        }
    }
}
