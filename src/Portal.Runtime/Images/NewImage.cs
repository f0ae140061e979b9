using Portal.Domain.Primitives;

namespace Portal.Runtime.Images;

/// <summary>An image that is to be in the store.</summary>
/// <param name="Config">Bytes of the configuration.</param>
/// <param name="Manifest">Bytes of the manifest.</param>
/// <param name="Layers">Archives, lowest first.</param>
/// <param name="References">Tags and digests it is to have.</param>
/// <param name="Parent">Image it was committed from; null for none.</param>
internal sealed record NewImage(
    byte[] Config, byte[] Manifest, IReadOnlyList<IncomingLayer> Layers, IReadOnlyList<ImageReference> References, Digest? Parent = null);

/// <summary>The archive of a layer, which may still be on its way.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Open">Opens it; reading waits for what has not come yet, and fails where the whole turns out wrong.</param>
/// <param name="Whole">The archive, once all of it is there and right.</param>
internal sealed record IncomingLayer(Digest Digest, Func<CancellationToken, Stream> Open, Task<StagedBlob> Whole)
{
    /// <summary>Told when the layer is unpacked; null for nobody.</summary>
    public Action? Unpacked { get; init; }

    /// <summary>One that is there.</summary>
    public static IncomingLayer Of(StagedBlob blob) => new(
        blob.Digest, _ => new FileStream(blob.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 64 * 1024), Task.FromResult(blob));
}
