using Portal.Api.Adapters.Storage;

namespace Portal.Api.Commands;

/// <summary>What the program does instead of serving, for the person at the machine. The portal must be stopped: the data root's lock says so.</summary>
internal static class ConsoleCommand
{
    private const string Usage = """
        portal                              serve
        portal audit verify                 verify the audit log; exit code 1 when it was tampered with
        portal administrator reset NAME     give an administrator a new password, shown once, and take second factor and passkeys away
        """;

    /// <summary>True when the arguments ask for a command.</summary>
    public static bool IsIn(string[] args) => args is ["audit" or "administrator" or "help", ..];

    /// <summary>Runs the command. What it does not know needs no data root to say so.</summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunAsync(string[] args, Func<WebApplication> build, TextWriter output, CancellationToken ct)
    {
        if (args is ["audit", "verify"] or ["administrator", "reset", _])
        {
            await using var portal = build();
            return await RunAsync(args, portal.Services, output, ct);
        }

        await output.WriteLineAsync(Usage);
        return args is ["help"] ? 0 : 2;
    }

    /// <summary>Runs a known command on a portal that is stopped.</summary>
    internal static async Task<int> RunAsync(string[] args, IServiceProvider services, TextWriter output, CancellationToken ct)
    {
        await OpenAsync(services, ct);
        if (args is not ["administrator", "reset", var name])
        {
            return await VerifyAsync(services.GetRequiredService<AuditTrail>(), output, ct);
        }

        var reset = await ActivatorUtilities.CreateInstance<AdministratorReset>(services).RunAsync(name, ct);
        await output.WriteLineAsync(reset.Error?.Message ?? $"The new password of {name} is {reset.Value}\nIt is shown this once. Sign in, change it, and set up a second factor again.");
        return reset.IsSuccess ? 0 : 1;
    }

    private static Task OpenAsync(IServiceProvider services, CancellationToken ct) => services.GetServices<IHostedService>().OfType<DatabaseOpening>().Single().StartingAsync(ct);

    private static async Task<int> VerifyAsync(AuditTrail trail, TextWriter output, CancellationToken ct)
    {
        var verdict = await trail.VerifyAsync(ct);
        await output.WriteLineAsync(verdict.FirstFault is { } fault
            ? $"The audit log is NOT whole: line {fault} is missing or was changed."
            : $"The audit log is whole: {verdict.Lines} lines from number {verdict.From} on.");
        return verdict.FirstFault is null ? 0 : 1;
    }
}
