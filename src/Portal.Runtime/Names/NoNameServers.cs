using Portal.Domain.Primitives;

namespace Portal.Runtime.Names;

/// <summary>None: containers get the host's servers on every network.</summary>
internal sealed class NoNameServers : INameServers
{
    public Task StartAsync(NameServerRequest request, CancellationToken ct) => Task.CompletedTask;

    public void Stop(ContainerId container)
    {
    }
}
