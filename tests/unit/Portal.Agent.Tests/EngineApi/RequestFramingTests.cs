using Microsoft.AspNetCore.Http;
using Portal.Agent.EngineApi;

namespace Portal.Agent.Tests.EngineApi;

public sealed class RequestFramingTests
{
    [Theory]
    [InlineData("HTTP/1.1", "", null, null)]
    [InlineData("HTTP/1.1", "", 5L, null)]
    [InlineData("HTTP/1.1", "chunked", null, null)]
    [InlineData("HTTP/1.1", "Chunked", null, null)]
    [InlineData("HTTP/1.1", "chunked", 5L, "both Transfer-Encoding and Content-Length are given")]
    [InlineData("HTTP/1.0", "chunked", null, "Transfer-Encoding is not of HTTP/1.0")]
    [InlineData("HTTP/1.1", "gzip, chunked", null, "unsupported Transfer-Encoding header (gzip, chunked): must be 'chunked'")]
    [InlineData("HTTP/1.1", "xchunked", null, "unsupported Transfer-Encoding header (xchunked): must be 'chunked'")]
    public void Doubt_AboutWhereARequestEnds_IsSaid(string protocol, string encoding, long? length, string? doubt)
    {
        var request = new DefaultHttpContext().Request;
        (request.Protocol, request.ContentLength) = (protocol, length);
        if (encoding.Length > 0)
        {
            request.Headers.TransferEncoding = encoding;
        }

        Assert.Equal(doubt, RequestFraming.Doubt(request));
    }
}
