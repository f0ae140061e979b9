using System.Security.Authentication;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Registries;

/// <summary>What can go wrong with a registry, in Docker's words where it has some.</summary>
internal static class TransferErrors
{
    private const string NoSpaceCode = "image.no-space";

    public static ErrorException Bad(string problem) => new(ErrorKind.Invalid, "registry.bad-content", problem);

    public static ErrorException ManifestUnknown(ImageReference reference, string cause) =>
        new(ErrorKind.NotFound, "registry.not-found", $"manifest for {reference.Familiar} not found: {cause}");

    public static ErrorException RepositoryUnknown(ImageReference reference, string cause) =>
        new(ErrorKind.NotFound, "registry.not-found", $"repository {reference.FamiliarRepository} not found: {cause}");

    public static ErrorException Denied(ImageReference reference, string cause) => new(ErrorKind.NotFound, "registry.denied",
        $"pull access denied for {reference.FamiliarRepository}, repository does not exist or may require 'docker login': {cause}");

    public static ErrorException NoPlatform(PlatformChoice platform) =>
        new(ErrorKind.NotFound, "registry.platform", $"no matching manifest for {platform} in the manifest list entries");

    public static ErrorException Schema1(string reference) => new(ErrorKind.Invalid, "registry.schema1",
        $"Docker Image Format v1 and Docker Image manifest version 2, schema 1 are not supported. Suggest the author of {reference} to upgrade the image to the OCI Format or Docker Image manifest v2, schema 2.");

    public static ErrorException Unsupported(string mediaType) =>
        new(ErrorKind.Invalid, "registry.unsupported", $"unsupported media type {Show(mediaType)}");

    public static ErrorException Foreign(Digest layer) => new(ErrorKind.Invalid, "registry.foreign-layer",
        $"the layer {layer} is a foreign (non-distributable) one, which its registry does not hold; such images are not supported");

    public static ErrorException WrongDigest(string what, Digest expected, Digest actual) =>
        Bad($"{what} does not match its digest: expected {expected}, actual {actual}");

    public static ErrorException WrongSize(string what, long expected, string actual) =>
        Bad($"{what} does not have its declared size: expected {expected} bytes, actual {actual}");

    public static ErrorException TooBig(string what, long limit) => Bad($"{what} is larger than the {limit} bytes that are read of one");

    public static ErrorException Unreachable(string method, Uri address, Exception cause) =>
        new(ErrorKind.Internal, "registry.unreachable", $"{Words(method)} \"{address.GetLeftPart(UriPartial.Path)}\": {Reason(cause)}", cause);

    public static ErrorException Stalled(Uri address, TimeSpan patience) => new(ErrorKind.Internal, "registry.stalled",
        $"Get \"{address.GetLeftPart(UriPartial.Path)}\": the registry sent next to nothing for {patience.TotalSeconds:0} s");

    public static ErrorException NoBasicAuth(string method, Uri address) =>
        new(ErrorKind.Internal, "registry.no-credentials", $"{Words(method)} \"{address}\": no basic auth credentials");

    public static ErrorException Refused(string problem) => new(ErrorKind.Internal, "registry.refused", problem);

    public static ErrorException NoSpace(string path, Exception cause) =>
        new(ErrorKind.Internal, NoSpaceCode, $"write {path}: no space left on device", cause);

    /// <summary>True when the disk is full, or as full as it may become.</summary>
    public static bool IsNoSpace(Exception e) => e is ErrorException { Error.Code: NoSpaceCode } || DiskFull.Is(e);

    /// <summary>Text of a registry for a message: shortened, without control characters.</summary>
    public static string Show(string text) => string.Concat((text.Length > 300 ? text[..300] + "…" : text).Select(c => char.IsControl(c) ? '?' : c));

    private static string Words(string method) => method.Length == 0 ? method : method[0] + method[1..].ToLowerInvariant();

    private static string Reason(Exception e)
    {
        var inner = e;
        while (inner.InnerException is { } next)
        {
            inner = next;
        }

        return inner is System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.ConnectionRefused } ? "dial tcp: connect: connection refused"
            : inner is System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.HostNotFound or System.Net.Sockets.SocketError.NoData } ? "dial tcp: lookup: no such host"
            : inner is AuthenticationException ? $"tls: {inner.Message}"
            : inner.Message == e.Message ? e.Message : $"{e.Message} ({inner.Message})";
    }
}
