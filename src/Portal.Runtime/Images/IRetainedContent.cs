using Portal.Domain.Primitives;

namespace Portal.Runtime.Images;

/// <summary>What the store keeps although no image has it: the build cache.</summary>
internal interface IRetainedContent
{
    /// <summary>An unpacked layer, by its chain id.</summary>
    bool HoldsLayer(Digest chainId);

    /// <summary>An archive.</summary>
    bool HoldsBlob(Digest blob);
}
