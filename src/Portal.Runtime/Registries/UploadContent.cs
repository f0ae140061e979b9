using System.Net;
using System.Net.Http.Headers;

namespace Portal.Runtime.Registries;

/// <summary>The body of an upload: a part of a file, told of as it goes, and given up when the registry takes nothing any more.</summary>
/// <param name="open">Opens the content at its beginning.</param>
/// <param name="offset">Where the part begins.</param>
/// <param name="length">How long it is.</param>
/// <param name="sent">Told how much of this part is on its way.</param>
internal sealed class UploadContent(Func<Stream> open, long offset, long length, Action<long>? sent) : HttpContent
{
    /// <summary>A registry may look at the whole content before it answers.</summary>
    private static readonly TimeSpan s_digestion = TimeSpan.FromMinutes(10);

    private CancellationTokenSource? _patience;
    private TimeSpan _span;

    /// <summary>Cancels <paramref name="patience"/> when nothing moves for <paramref name="span"/>.</summary>
    public void Watch(CancellationTokenSource patience, TimeSpan span)
    {
        (_patience, _span) = (patience, span);
        patience.CancelAfter(span);
    }

    public UploadContent WithType(string mediaType)
    {
        Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return this;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var source = open();
        _ = source.Seek(offset, SeekOrigin.Begin);
        var buffer = new byte[128 * 1024];
        for (long done = 0; done < length;)
        {
            var count = await source.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, length - done)), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                throw new EndOfStreamException("The content ended before its length.");
            }

            await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
            done += count;
            _patience?.CancelAfter(_span);
            sent?.Invoke(done);
        }

        _patience?.CancelAfter(s_digestion);
    }

    protected override bool TryComputeLength(out long computed)
    {
        computed = length;
        return true;
    }
}
