using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Names;

/// <summary>The name servers of this host's containers.</summary>
internal sealed class NameServers(INameDirectory directory, NamespaceThread inside, IUpstreams upstreams, TimeProvider time, ILogger<NameServers> logger) : INameServers, IDisposable
{
    private readonly ConcurrentDictionary<ContainerId, Running> _running = [];
    private readonly KnownNames _known = new(directory, Random.Shared);

    private sealed record Running(NameListener Listener, string NamespacePath, ulong NamespaceNumber);

    public async Task StartAsync(NameServerRequest request, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var number = NumberOf(request.NamespacePath) ?? throw new LinuxException("open", request.NamespacePath, Errno.ENOENT);
        if (_running.TryGetValue(request.Container, out var running))
        {
            if (running.NamespaceNumber == number)
            {
                running.Listener.Server.Use(request);
                return;
            }

            // Of a run that has ended: its namespace is gone.
            _running.TryRemove(request.Container, out _);
            running.Listener.Dispose();
        }

        var server = new NameServer(request.Container, _known, upstreams, time);
        server.Use(request);
        var sockets = await inside.RunAsync(request.NamespacePath, NameSockets.Open).ConfigureAwait(false);
        _ = Task.Run(sockets.Rules.Dispose, CancellationToken.None);
        var listener = new NameListener(request.Container, sockets, server, time, logger);
        _running[request.Container] = new(listener, request.NamespacePath, number);
        listener.Start();
    }

    public void Stop(ContainerId container)
    {
        if (!_running.TryRemove(container, out var running))
        {
            return;
        }

        running.Listener.Dispose();
        if (NumberOf(running.NamespacePath) != running.NamespaceNumber)
        {
            // The rules went with their namespace.
            return;
        }

        try
        {
            var rules = inside.RunAsync(running.NamespacePath, NameSockets.RemoveRules).GetAwaiter().GetResult();
            _ = Task.Run(rules.Dispose);
        }
        catch (IOException e)
        {
            logger.RulesStay(container.Abbreviated, e);
        }
    }

    public void Dispose()
    {
        // The rules stay: containers outlive the agent, and the next one replaces them.
        foreach (var running in _running.Values)
        {
            running.Listener.Dispose();
        }

        _running.Clear();
    }

    /// <summary>What tells one namespace from another at the same place; our sockets keep the number from being given away.</summary>
    private static ulong? NumberOf(string path) => Libc.StatTarget(path, out var facts) == 0 ? facts.Inode : null;
}
