using Portal.Domain.Primitives;

namespace Portal.Runtime.Containers;

internal sealed partial class ContainerLifecycle
{
    public async Task<IReadOnlyList<string>> UpdateAsync(ContainerId id, ContainerUpdate update, CancellationToken ct)
    {
        var container = store.Get(id);
        await container.Gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            _ = store.Get(id);
            var warnings = await Task.Run(() => updating.Update(container, update), CancellationToken.None).ConfigureAwait(false);
            Publish(container, "update");
            return warnings;
        }
        finally
        {
            container.Gate.Release();
        }
    }
}
