using Microsoft.Extensions.Logging;

namespace Portal.Runtime.Layers;

internal static partial class LayersLog
{
    [LoggerMessage(3250, LogLevel.Warning, "The record of layer {ChainId} is damaged; the layer was put aside and will be unpacked again")]
    public static partial void LayerBroken(this ILogger log, Exception e, string chainId);

    [LoggerMessage(3251, LogLevel.Information, "Removed the writable layer of container {Container}, which has no record")]
    public static partial void LayerSwept(this ILogger log, string container);
}
