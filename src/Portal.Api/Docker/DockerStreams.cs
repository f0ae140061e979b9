using Portal.Domain.Access;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>Counts terminals and streams of Docker's clients, so that nobody can take them all: each holds connections to the portal and to an engine.</summary>
internal sealed class DockerStreams
{
    /// <summary>Enough for Compose to follow a large project.</summary>
    internal const int MostPerUser = 250;

    internal const int Most = 2_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _users = new(StringComparer.Ordinal);
    private int _all;

    /// <summary>A place for one more, to be given back; or why there is none.</summary>
    public Result<IDisposable?> Enter(Actor actor)
    {
        // A team's token has no user behind it.
        var user = actor.UserId.Length > 0 ? actor.UserId : actor.TokenId ?? "";
        lock (_gate)
        {
            var own = _users.GetValueOrDefault(user);
            if (own >= MostPerUser)
            {
                return Full($"{actor.Name} has {own} terminals and streams open at once, the most there may be. End some, then try again.");
            }

            if (_all >= Most)
            {
                return Full($"The portal holds {_all} terminals and streams at once, the most there may be. Try again later.");
            }

            _users[user] = own + 1;
            _all++;
            return new Place(this, user);
        }

        static Error Full(string sentence) => new(ErrorKind.TooManyRequests, "docker.streams", sentence);
    }

    private void Leave(string user)
    {
        lock (_gate)
        {
            _all--;
            if (--_users[user] == 0)
            {
                _users.Remove(user);
            }
        }
    }

    private sealed class Place(DockerStreams streams, string user) : IDisposable
    {
        private int _isLeft;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isLeft, 1) == 0)
            {
                streams.Leave(user);
            }
        }
    }
}
