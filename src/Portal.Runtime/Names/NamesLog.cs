using Microsoft.Extensions.Logging;

namespace Portal.Runtime.Names;

internal static partial class NamesLog
{
    [LoggerMessage(3150, LogLevel.Warning, "The name server of container {Container} could not answer a question; if that happens again it is not told.")]
    public static partial void QuestionFailed(this ILogger logger, string container, Exception exception);

    [LoggerMessage(3151, LogLevel.Warning, "The rules of the name server stay in the namespace of container {Container}.")]
    public static partial void RulesStay(this ILogger logger, string container, Exception exception);
}
