using Microsoft.Extensions.Logging;

namespace Portal.Runtime.Registries;

internal static partial class RegistriesLog
{
    [LoggerMessage(3300, LogLevel.Warning, "The certificate {Path} of a registry cannot be read")]
    public static partial void CertificateUnread(this ILogger log, Exception e, string path);

    [LoggerMessage(3301, LogLevel.Information, "The mirror {Mirror} does not serve {Reference}, the next one is asked")]
    public static partial void MirrorFailed(this ILogger log, Exception e, string mirror, string reference);

    [LoggerMessage(3302, LogLevel.Information, "The transfer of {Blob} broke off at byte {Offset} and is tried again")]
    public static partial void Retrying(this ILogger log, Exception e, string blob, long offset);

    [LoggerMessage(3303, LogLevel.Information, "Partial content of {Blob} was deleted: nobody went on with its pull")]
    public static partial void PartialDeleted(this ILogger log, string blob);

    [LoggerMessage(3304, LogLevel.Information, "Pulled {Reference}, which is the image {Image}")]
    public static partial void Pulled(this ILogger log, string reference, string image);

    [LoggerMessage(3305, LogLevel.Information, "Pushed {Reference}, whose manifest is {Manifest}")]
    public static partial void Pushed(this ILogger log, string reference, string manifest);
}
