using Portal.Domain.Primitives;

namespace Portal.Runtime.Names;

/// <summary>Answers the questions of one container, wherever they come from. Safe for concurrent use.</summary>
internal sealed class NameServer(ContainerId container, KnownNames known, IUpstreams upstreams, TimeProvider time) : IDisposable
{
    /// <summary>Questions of one container that are outside at the same time.</summary>
    public const int MaximumForwarded = 256;

    private readonly CancellationTokenSource _stopping = new();
    private readonly AnswerCache _cache = new(time);
    private readonly Forwarder _forwarder = new(upstreams, time);
    private NameServerRequest? _request;
    private int _forwarded;

    /// <summary>Takes other settings.</summary>
    public void Use(NameServerRequest request)
    {
        var old = Interlocked.Exchange(ref _request, request);
        if (old is null || !old.Upstreams.SequenceEqual(request.Upstreams) || old.IsOutsideReachable != request.IsOutsideReachable)
        {
            _cache.Clear();
        }
    }

    /// <summary>The message to send back; null for none. What is known here is there at once.</summary>
    /// <param name="message">What came. Not used any more when this returns.</param>
    /// <param name="isStream">By TCP.</param>
    public ValueTask<byte[]?> AnswerAsync(ReadOnlySpan<byte> message, bool isStream)
    {
        if (DnsQuery.Parse(message) is not { } query)
        {
            return default;
        }

        if (query.Fault != DnsCode.Success)
        {
            return new(DnsAnswer.Refuse(query));
        }

        if (known.Answer(container, query) is { } answer)
        {
            return new(answer.ToMessage(query, TimeSpan.Zero, isStream));
        }

        var request = _request!;
        if (request.HasNdots && query.Question is { Type: DnsType.A or DnsType.Aaaa } question && !question.Name.Contains('.', StringComparison.Ordinal))
        {
            return new(DnsAnswer.Empty(query).ToMessage(query, TimeSpan.Zero, isStream));
        }

        return _cache.Find(query) is var (kept, age) ? new(kept.ToMessage(query, age, isStream)) : new(ForwardAsync(request, query, isStream));
    }

    /// <summary>Ends what is outside; its askers get nothing.</summary>
    public void Dispose() => _stopping.Cancel();

    private async Task<byte[]?> ForwardAsync(NameServerRequest request, DnsQuery query, bool isStream)
    {
        try
        {
            if (Interlocked.Increment(ref _forwarded) > MaximumForwarded)
            {
                return DnsAnswer.Empty(query, DnsCode.Refused).ToMessage(query, TimeSpan.Zero, isStream);
            }

            var answer = await _forwarder.AskAsync(request, query, isStream, _stopping.Token).ConfigureAwait(false);
            if (answer is not null && ReferenceEquals(request, Volatile.Read(ref _request)))
            {
                _cache.Keep(query, answer);
            }

            return (answer ?? DnsAnswer.Empty(query, DnsCode.ServerFailure)).ToMessage(query, TimeSpan.Zero, isStream);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        finally
        {
            Interlocked.Decrement(ref _forwarded);
        }
    }
}
