using System.Net;

namespace Portal.Engine.E2E;

/// <summary>The beginning of a stream, and the rest of it when that is let go.</summary>
internal sealed class HeldContent(Stream source, Task letGo) : HttpContent
{
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        var head = new byte[1 << 20];
        await source.ReadExactlyAsync(head);
        await stream.WriteAsync(head);
        await stream.FlushAsync();
        await letGo;
        await source.CopyToAsync(stream);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
