using Portal.Domain.Primitives;

namespace Portal.Runtime.Containers;

internal sealed partial class ContainerLifecycle
{
    public Task UpdateAsync(ContainerId id, ContainerUpdate update, CancellationToken ct) => throw new NotSupportedException();
}
