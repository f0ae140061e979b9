using Portal.Domain.Access;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>Whose command in a container is whose: its terminal is nobody else's. Commands are short-lived; the oldest are forgotten.</summary>
internal sealed class DockerCommands
{
    private const int Most = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(HostId, string), (string, string?)> _owners = [];
    private readonly Queue<(HostId, string)> _order = new();

    /// <summary>It was made by this actor.</summary>
    public void Add(HostId host, string id, Actor actor)
    {
        lock (_gate)
        {
            if (_owners.TryAdd((host, id), (actor.UserId, actor.TokenId)))
            {
                _order.Enqueue((host, id));
            }

            while (_order.Count > Most)
            {
                _ = _owners.Remove(_order.Dequeue());
            }
        }
    }

    /// <summary>True for a command that this actor made.</summary>
    public bool IsOf(HostId host, string id, Actor actor)
    {
        lock (_gate)
        {
            return _owners.TryGetValue((host, id), out var owner) && owner == (actor.UserId, actor.TokenId);
        }
    }
}
