namespace Portal.Runtime.Names;

/// <summary>Takes questions to servers outside.</summary>
internal interface IUpstreams
{
    /// <summary>Asks one server, once.</summary>
    /// <param name="namespacePath">Of the container that asks.</param>
    /// <param name="server">Who is asked, and from where.</param>
    /// <param name="request">The message.</param>
    /// <param name="isStream">By TCP.</param>
    /// <param name="accept">Tells the answer from what else comes; that is passed over.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <exception cref="IOException">It cannot be reached.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">It cannot be reached, or there is no server.</exception>
    Task<DnsAnswer> AskAsync(
        string namespacePath, UpstreamServer server, ReadOnlyMemory<byte> request, bool isStream, Func<ReadOnlyMemory<byte>, DnsAnswer?> accept, CancellationToken ct);
}
