using Portal.Domain.Containers;

namespace Portal.Runtime.Containers;

internal sealed partial class ContainerLifecycle
{
    private static readonly TimeSpan s_donorPatience = TimeSpan.FromSeconds(10), s_donorPoll = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Lets the containers whose namespaces one joins start first, when they are about to be started too: after a boot all
    /// are started at once.
    /// </summary>
    private async Task WaitForDonorsAsync(Container container, CancellationToken ct)
    {
        var spec = container.Snapshot.Spec;
        var deadline = time.GetUtcNow() + s_donorPatience;
        foreach (var reference in (IEnumerable<string?>)[NetworkDonor.Of(spec.NetworkMode), spec.PidMode.Container, spec.IpcMode.Container])
        {
            while (!string.IsNullOrEmpty(reference) && store.TryResolve(reference) is { Snapshot.Status.State: ContainerState.Restarting } && time.GetUtcNow() < deadline)
            {
                await Task.Delay(s_donorPoll, time, ct).ConfigureAwait(false);
            }
        }
    }
}
