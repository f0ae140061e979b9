namespace Portal.Runtime.Registries;

/// <summary>Reads what others send: never more than allowed, and never waiting for ever.</summary>
internal static class BoundedContent
{
    /// <summary>Fewest bytes in one span of patience: who sends less does not want to be read.</summary>
    public const int SlowestBytes = 4 * 1024;

    /// <summary>The whole of a small answer.</summary>
    /// <exception cref="Domain.Primitives.ErrorException">It is larger than <paramref name="limit"/>, or does not come.</exception>
    public static async Task<byte[]> ReadAsync(HttpResponseMessage response, int limit, string what, RegistryConnection connection, CancellationToken ct)
    {
        if (response.Content.Headers.ContentLength > limit)
        {
            throw TransferErrors.TooBig(what, limit);
        }

        using var content = new MemoryStream();
        await CopyAsync(
            response, limit + 1L,
            chunk =>
            {
                content.Write(chunk.Span);
                return content.Length <= limit;
            },
            connection, ct).ConfigureAwait(false);
        return content.Length <= limit ? content.ToArray() : throw TransferErrors.TooBig(what, limit);
    }

    /// <summary>Hands the content on, piece by piece.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="limit">Most bytes that are read.</param>
    /// <param name="take">Takes a piece; false to stop.</param>
    /// <param name="connection">Where it comes from.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="RegistryConnectionException">It broke off.</exception>
    public static async Task CopyAsync(HttpResponseMessage response, long limit, Func<ReadOnlyMemory<byte>, bool> take, RegistryConnection connection, CancellationToken ct)
    {
        var address = response.RequestMessage?.RequestUri ?? connection.Endpoint.Address;
        using var patience = new CancellationTokenSource(RegistryConnection.Patience, connection.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        var buffer = new byte[128 * 1024];
        var isTaking = false;
        try
        {
            using var body = await response.Content.ReadAsStreamAsync(either.Token).ConfigureAwait(false);
            long sinceRest = 0;
            while (limit > 0)
            {
                var count = await body.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, limit)), either.Token).ConfigureAwait(false);
                isTaking = true;
                if (count == 0 || !take(buffer.AsMemory(0, count)))
                {
                    return;
                }

                isTaking = false;
                limit -= count;
                sinceRest += count;
                if (sinceRest >= SlowestBytes)
                {
                    sinceRest = 0;
                    patience.CancelAfter(RegistryConnection.Patience);
                }
            }
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw TransferErrors.Stalled(address, RegistryConnection.Patience);
        }
        catch (Exception e) when (!isTaking && (e is HttpRequestException or IOException))
        {
            // What fails where it is taken, such as a full disk, is not the connection's matter.
            throw new RegistryConnectionException("GET", address, e);
        }
    }
}
