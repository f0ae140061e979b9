using Portal.Api.Adapters.Hosts;
using Portal.Api.Http;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Audit;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>A request that may go on to an engine.</summary>
/// <param name="Host">The host.</param>
/// <param name="Call">The request.</param>
/// <param name="Name">What takes the place of the name in its path: what that means was looked up; null for the name itself.</param>
/// <param name="Answer">What becomes of the answer.</param>
/// <param name="Owners">True when what it makes is somebody's.</param>
/// <param name="Sight">What its caller sees of the host; null for all.</param>
/// <param name="Credentials">The portal's own for the registry that it is about; null for none.</param>
internal sealed record DockerPass(HostId Host, DockerCall Call, string? Name, DockerAnswer Answer, bool Owners, DockerSight? Sight, RegistryHeader? Credentials = null);

/// <summary>What came of a request.</summary>
/// <param name="keep">Writes down whose it is, once.</param>
internal sealed class DockerOutcome(Func<DockerOutcome, Task> keep)
{
    private bool _isKept;

    /// <summary>The engine's status; 0 while there is none.</summary>
    public int Status { get; set; }

    /// <summary>The answer of a request that makes or removes something: small, and kept.</summary>
    public ReadOnlyMemory<byte> Body { get; set; }

    /// <summary>What the lines of a pull or a build told.</summary>
    public DockerProgress? Progress { get; set; }

    /// <summary>True for a status that says that it was done.</summary>
    public bool IsDone => Status is >= 200 and < 300;

    /// <summary>Writes down what was made and removed: before anybody is told of it, for nobody can be told in vain.</summary>
    public async Task KeepAsync()
    {
        if (!_isKept)
        {
            _isKept = true;
            await keep(this);
        }
    }
}

/// <summary>
/// The one way to an engine: decides on a request, writes down that it begins, has it sent, takes note of what it made, and writes down what came of it.
/// Every front door leads here.
/// </summary>
internal sealed class DockerDesk(
    IAccessPolicy access, IHostAccess facts, IAuditLog audit, DockerLookup lookup, DockerRecord record, DockerCommands commands, TeamQuotas quotas, RegistryCredentials credentials)
{
    private readonly DockerPolicy _policy = new(access);

    /// <summary>Runs a request.</summary>
    /// <param name="actor">Who makes it.</param>
    /// <param name="id">The host.</param>
    /// <param name="call">The request, with its body.</param>
    /// <param name="operation">What the audit log calls it.</param>
    /// <param name="send">Sends it, and answers whoever asked.</param>
    /// <param name="ct">Cancels the call, until it is sent.</param>
    /// <returns>Why it was not sent; null when it was.</returns>
    public async Task<Error?> RunAsync(Actor actor, HostId id, DockerCall call, string operation, Func<DockerPass, DockerOutcome, Task> send, CancellationToken ct)
    {
        var host = facts.Target(id);
        var what = call.Name.Length > 0 ? call.Name : call.Operation.Template switch
        {
            "images/create" => string.Join(':', new[] { call.Query.First("fromImage"), call.Query.First("tag") }.OfType<string>()),
            "build" => string.Join(' ', call.Query.All("t")),
            _ => "",
        };
        var target = Printable.Of(what.Length > 0 ? $"{id}/{what}" : $"{id}");
        var (decision, ask, name) = await DecideAsync(actor, call, host, ct);
        if (decision.Refusal is { } refusal)
        {
            await audit.RecordAsync(actor, operation, target, refusal, ct);
            return refusal;
        }

        // Held until it is written down whose it is: the next one counts it.
        var entered = decision.Charge is { } charge ? await quotas.EnterAsync(id, charge, ct) : Result.Of<QuotaTurn?>(null);
        if (entered.Error is { } beyond)
        {
            await audit.RecordAsync(actor, operation, target, beyond, ct);
            return beyond;
        }

        using var turn = entered.Value;
        var changes = call.Operation.Method is not ("GET" or "HEAD");
        if (changes && (await audit.BeginAsync(actor, operation, target, ct)).Error is { } unwritten)
        {
            return unwritten;
        }

        var outcome = new DockerOutcome(async came =>
        {
            await record.KeepAsync(actor, id, call, name, ask, decision, came, CancellationToken.None);
            turn?.Dispose();
        });
        Error? failure = null;
        try
        {
            var sight = ask is null ? null : new DockerSight(actor, host, access, (kind, resource) => facts.Owners(id, kind, resource));
            await send(new(id, call, name, decision.Answer, !decision.Owners.IsEmpty, sight, await credentials.ForAsync(actor, call, ct)), outcome);
            await outcome.KeepAsync();
        }
        catch (Exception e)
        {
            failure = EngineCalls.Explain(id, e)
                ?? (e is OperationCanceledException ? new(ErrorKind.Conflict, "docker.cancelled", "It was called off before it had ended.") : new(ErrorKind.Internal, "docker.broken", "The connection broke."));
            throw;
        }
        finally
        {
            if (changes)
            {
                failure ??= outcome.Status >= 400 ? new(ErrorKind.Invalid, "engine.status", $"The engine answered {outcome.Status}.") : null;
                await audit.RecordAsync(actor, operation, target, failure, CancellationToken.None);
            }
        }

        return null;
    }

    private async Task<(DockerDecision Decision, DockerAsk? Ask, string? Name)> DecideAsync(Actor actor, DockerCall call, AccessTarget host, CancellationToken ct)
    {
        if (_policy.IsUnrestricted(actor, call.Operation.Permission, host))
        {
            return (DockerPolicy.Decide(call), null, null);
        }

        var id = host.Host!.Value;
        if (call.Operation.Place == DockerPlace.Exec)
        {
            // Whatever else one may do there: the terminal is that of whoever opened it.
            if (!commands.IsOf(id, call.Name, actor))
            {
                return (DockerDecision.Refuse(new(ErrorKind.NotFound, "docker.not_found", $"No such exec instance: {call.Name}")), null, null);
            }

            call = call with { ExecContainer = await lookup.ContainerOfAsync(id, call.Name, ct) };
        }

        var ask = DockerAsk.Read(call);
        if (ask.Error is { } unreadable)
        {
            return (DockerDecision.Refuse(unreadable), null, null);
        }

        var found = await lookup.FindAsync(host, ask.Value.References, ct);
        var decision = _policy.Decide(actor, ask.Value, host, facts.Restrictions(id), reference => found[reference]);

        // What was decided on is what is acted on, whoever takes the name meanwhile. An image's name is what matters of it.
        var named = ask.Value.References.FirstOrDefault(reference => reference.InPath && reference.Kind != ResourceKind.Image);
        return (decision, ask.Value, named is null ? null : found[named]?.Target.Id);
    }
}
