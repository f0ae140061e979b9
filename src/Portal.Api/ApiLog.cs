using Portal.Domain.Primitives;

namespace Portal.Api;

/// <summary>Log messages of the control plane, ids 1000 to 1999.</summary>
internal static partial class ApiLog
{
    [LoggerMessage(1000, LogLevel.Information, "Data root is {DataRoot}.")]
    public static partial void DataRootOpened(this ILogger log, string dataRoot);

    [LoggerMessage(1001, LogLevel.Warning, "First run: nobody administers this installation yet. The one-time setup secret is in {Path}.")]
    public static partial void SetupOpen(this ILogger log, string path);

    [LoggerMessage(1002, LogLevel.Information, "Made a self-signed certificate for {Names} in {Path}, valid until {Until}.")]
    public static partial void CertificateMade(this ILogger log, string names, string path, DateTimeOffset until);

    [LoggerMessage(1003, LogLevel.Warning, "The first administrator {Name} was created from {Source}. Setup is closed.")]
    public static partial void SetupCompleted(this ILogger log, string name, string source);

    [LoggerMessage(1010, LogLevel.Warning, "Sign-in of an account failed from {Source}: {Code}.")]
    public static partial void SignInFailed(this ILogger log, string source, string code);

    [LoggerMessage(1011, LogLevel.Warning, "Refused a {Method} of {Path}: it comes from another site ({Origin}).")]
    public static partial void CrossSiteRefused(this ILogger log, string method, string path, string origin);

    [LoggerMessage(1012, LogLevel.Warning, "The idle time of a session could not be extended.")]
    public static partial void SessionNotExtended(this ILogger log, Exception exception);

    [LoggerMessage(1013, LogLevel.Error, "Refused {Operation} of {Target}: it could not be written to the audit log beforehand.")]
    public static partial void AuditRefused(this ILogger log, Exception exception, string operation, string target);

    [LoggerMessage(1014, LogLevel.Error, "Old lines of the audit log could not be deleted. Trying again in a day.")]
    public static partial void AuditNotTrimmed(this ILogger log, Exception exception);

    [LoggerMessage(1015, LogLevel.Warning, "A refresh token was shown a second time, from {Source}: all tokens of that sign-in are void.")]
    public static partial void RefreshReused(this ILogger log, string source);

    [LoggerMessage(1016, LogLevel.Warning, "The last use of a token could not be written.")]
    public static partial void TokenUseNotWritten(this ILogger log, Exception exception);

    [LoggerMessage(1017, LogLevel.Error, "The credentials of registry {Name} cannot be read with this installation's keys. Set them anew.")]
    public static partial void RegistrySecretUnreadable(this ILogger log, string name);

    [LoggerMessage(1018, LogLevel.Error, "Operation {Id} failed unexpectedly.")]
    public static partial void OperationFailed(this ILogger log, Exception exception, string id);

    [LoggerMessage(1019, LogLevel.Error, "How operation {Id} ended could not be written; after a restart it shows as abandoned.")]
    public static partial void OperationNotWritten(this ILogger log, Exception exception, string id);

    [LoggerMessage(1020, LogLevel.Information, "Host {Host} is connected: {Engine}.")]
    public static partial void HostConnected(this ILogger log, HostId host, string engine);

    [LoggerMessage(1021, LogLevel.Warning, "Host {Host} is unreachable: {Problem} Trying again every {Delay}.")]
    public static partial void HostUnreachable(this ILogger log, HostId host, string problem, TimeSpan delay);

    [LoggerMessage(1022, LogLevel.Information, "The engine of host {Host} gives no live statistics: it has no Control API.")]
    public static partial void HostWithoutStats(this ILogger log, HostId host);

    [LoggerMessage(1023, LogLevel.Error, "Watching host {Host} failed unexpectedly.")]
    public static partial void HostWatchFailed(this ILogger log, Exception exception, HostId host);

    [LoggerMessage(1017, LogLevel.Warning, "The database cannot be reached ({Method} {Path}): {Problem}")]
    public static partial void DatabaseAway(this ILogger log, string method, string path, string problem);

    [LoggerMessage(1019, LogLevel.Warning, "Waiting for the database {Database}: {Problem}")]
    public static partial void DatabaseAwaited(this ILogger log, string database, string problem);

    [LoggerMessage(1018, LogLevel.Critical, "Another portal uses the database {Database} now. This one stops.")]
    public static partial void DatabaseTaken(this ILogger log, string database);

    [LoggerMessage(1030, LogLevel.Error, "A request failed unexpectedly ({Method} {Path}).")]
    public static partial void RequestFailed(this ILogger log, Exception exception, string method, string path);
}
