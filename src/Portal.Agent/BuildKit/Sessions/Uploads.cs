using Google.Protobuf;
using Grpc.Core;
using Portal.Agent.BuildKit.Transport;
using Portal.Agent.BuildKit.Wire.Upload;

namespace Portal.Agent.BuildKit.Sessions;

/// <summary>Archives that a client streams: its standard input as a context.</summary>
internal static class Uploads
{
    /// <summary>Opens the archive of an address <c>http://buildkit-session/…</c>.</summary>
    public static Stream Pull(ClientSession session, string address)
    {
        var path = new Uri(address).AbsolutePath;
        var call = new Upload.UploadClient(session.Calls).Pull(new Metadata { { "urlpath", path } }, cancellationToken: session.Closed);
        return new CallStream<BytesMessage>(call.RequestStream, call.ResponseStream, static m => m.Data, static bytes => new() { Data = ByteString.CopyFrom(bytes.Span) }, call);
    }
}
