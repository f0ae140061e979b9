using Portal.Domain.Primitives;
using Portal.Runtime.Containers;

namespace Portal.Agent.Node;

/// <summary>
/// Ends every container in order before the machine goes down. The init system would signal all their processes at once, and wait for
/// those that do not listen to it: a shell as first process of a container never does.
/// </summary>
internal sealed class NodeHalt(IContainers containers, ILogger<NodeHalt> log)
{
    // What runs the command gives it two minutes (scripts/units.sh).
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(90);

    /// <summary>True when all have ended.</summary>
    public async Task<bool> RunAsync(CancellationToken ct)
    {
        var ended = await Task.WhenAll(containers.List().Where(container => container.Status.IsRunning).Select(async container =>
        {
            try
            {
                await containers.HaltAsync(container.Id, s_limit, ct);
                log.ContainerStopped(container.Id.Abbreviated, container.Name);
                return true;
            }
            catch (Exception e) when (e is ErrorException or IOException)
            {
                log.HaltFailed(container.Id.Abbreviated, container.Name, e.Message);
                return false;
            }
        }));
        return ended.All(good => good);
    }
}
