using Microsoft.Extensions.Logging;

namespace Portal.Runtime.Images;

internal static partial class ImagesLog
{
    [LoggerMessage(3200, LogLevel.Error, "The record {Path} is damaged and was set aside as {Aside}")]
    public static partial void RecordBroken(this ILogger log, Exception e, string path, string aside);

    [LoggerMessage(3201, LogLevel.Warning, "The reference {Reference} leads to the image {Image}, which is not in the store; it was dropped")]
    public static partial void ReferenceLost(this ILogger log, string reference, string image);

    [LoggerMessage(3202, LogLevel.Information, "{Reference} means another image now; {Image} had it before")]
    public static partial void ReferenceMoved(this ILogger log, string reference, string image);

    [LoggerMessage(3203, LogLevel.Warning, "The layer {ChainId} of image {Image} is missing and is unpacked again")]
    public static partial void UnpackingAgain(this ILogger log, string chainId, string image);
}
