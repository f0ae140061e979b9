namespace Portal.Api.Live;

/// <summary>Counts live connections, so that one user cannot take them all.</summary>
internal sealed class LiveConnections
{
    private const int MostPerUser = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _users = new(StringComparer.Ordinal);

    /// <summary>False when the user has too many.</summary>
    public bool Enter(string user, string connection)
    {
        lock (_gate)
        {
            return _users.Values.Count(other => other == user) < MostPerUser && _users.TryAdd(connection, user);
        }
    }

    public void Leave(string connection)
    {
        lock (_gate)
        {
            _users.Remove(connection);
        }
    }
}
