using Portal.Domain.Access.Restrictions;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Docker;

/// <summary>Decides on requests to an engine. Pure: what the host has was looked up before.</summary>
/// <param name="policy">The one policy.</param>
public sealed class DockerPolicy(IAccessPolicy policy)
{
    /// <summary>True for whom no restriction of the host holds: an administrator of the host as a whole. Nothing of such a request is read but its path.</summary>
    public bool IsUnrestricted(Actor actor, Permission permission, AccessTarget host) => policy.Decide(actor, permission, host).IsUnrestricted;

    /// <summary>Decides on a request of somebody unrestricted.</summary>
    public static DockerDecision Decide(DockerCall call) =>
        call.Operation.Refuse(call.Name) is { } refusal ? DockerDecision.Refuse(refusal) : DockerDecision.Allow(DockerAnswer.Whole);

    /// <summary>Decides on a request that was read.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="ask">What for.</param>
    /// <param name="host">The host, as a target.</param>
    /// <param name="allowed">Its restrictions.</param>
    /// <param name="find">What a reference means on the host; null for nothing.</param>
    public DockerDecision Decide(Actor actor, DockerAsk ask, AccessTarget host, HostRestrictions allowed, Func<DockerReference, DockerResource?> find)
    {
        var operation = ask.Call.Operation;
        var first = Place(actor, ask, host);
        if (first.Refusal is { } refusal)
        {
            return DockerDecision.Refuse(refusal);
        }

        HashSet<Subject> owners = [];
        List<string> volumes = [];
        List<IRestricted> facts = [.. ask.Contents.Facts];
        Own(first.By);
        foreach (var reference in ask.References)
        {
            var found = find(reference);
            if (Check(actor, reference, host, found) is { } error)
            {
                // Clients take whatever is not found here for the image, and pull it.
                return DockerDecision.Refuse(
                    operation is { Place: DockerPlace.New, Kind: ResourceKind.Container } && reference.Kind != ResourceKind.Image && error.Kind == ErrorKind.NotFound
                        ? error with { Kind = ErrorKind.Invalid } : error);
            }

            if (found is null && reference is { Absent: DockerAbsence.Created, Kind: ResourceKind.Volume })
            {
                volumes.Add(reference.Text);
                Own(policy.Decide(actor, Permission.VolumeCreate, DockerResource.Place(host, reference.Kind, null, reference.Labels)).By);
            }

            if (reference.Lends && found is not null)
            {
                facts.AddRange(found.Facts);
            }
        }

        if (facts.SelectMany(fact => fact.Against(allowed)).FirstOrDefault() is { } violation)
        {
            return DockerDecision.Refuse(new(
                ErrorKind.Forbidden, "docker.restricted",
                $"{actor.Name} may not have {violation.What} on {host}: the host's restriction \"{violation.Rule}\" does not let it through. Ask an administrator."));
        }

        // A volume that there was already is nobody's anew.
        var makes = operation is { Place: DockerPlace.New } && (operation.Kind != ResourceKind.Volume || ask.References.IsEmpty || volumes.Count > 0);
        var isNew = makes || volumes.Count > 0;
        return (isNew ? DockerDecision.Allow(operation.Answer, [.. owners], [.. volumes]) : DockerDecision.Allow(operation.Answer)) with
        {
            Charge = QuotaReading.Of(ask, isNew ? owners : [], volumes.Count, find),
        };

        void Own(Grant? by)
        {
            if (by is null)
            {
                return;
            }

            // The person, and whoever the grant was given to: what a team's grant made is the team's too.
            owners.Add(by.Subject);
            if (actor.UserId.Length > 0)
            {
                owners.Add(new(SubjectKind.User, actor.UserId));
            }
        }
    }

    private AccessDecision Place(Actor actor, DockerAsk ask, AccessTarget host)
    {
        var operation = ask.Call.Operation;
        return operation.Place switch
        {
            DockerPlace.Engine => policy.Reaches(actor, operation.Permission, host)
                ? new(null, null)
                : AccessDecision.Refuse($"{actor.Name} has no role with the permission {operation.Permission} on anything on {host}. Ask an administrator for it."),
            DockerPlace.Everything => policy.Decide(actor, operation.Permission, host),
            DockerPlace.New => policy.Decide(actor, operation.Permission, DockerResource.Place(host, operation.Kind!.Value, null, ask.Contents.Labels)),
            DockerPlace.Named or DockerPlace.Exec => new(null, null),
            DockerPlace.Contents => ask.References.IsEmpty ? AccessDecision.Refuse($"{operation} names nothing.") : new(null, null),
        };
    }

    private Error? Check(Actor actor, DockerReference reference, AccessTarget host, DockerResource? found)
    {
        if (found is null)
        {
            return reference.Absent switch
            {
                DockerAbsence.Free => null,
                DockerAbsence.Created => policy.Check(actor, Permission.VolumeCreate, DockerResource.Place(host, reference.Kind, null, reference.Labels)),
                DockerAbsence.NotFound => Missing(actor, reference, host),
            };
        }

        if (found.IsEverybodys && reference.Permission is Permission.NetworkRead or Permission.NetworkConnect && policy.Reaches(actor, reference.Permission, host))
        {
            return null;
        }

        if (policy.Check(actor, reference.Permission, found.Target) is not { } refusal)
        {
            return null;
        }

        // Whoever may not see it is not told that it is there. A name that is taken cannot be hidden from who wants it.
        return reference.Absent == DockerAbsence.NotFound && policy.Check(actor, reference.Kind.Reading(), found.Target) is not null ? Missing(actor, reference, host) : refusal;
    }

    /// <summary>In Docker's words, on which clients act: one without an image pulls it. Whoever could not do it to anything is told that instead.</summary>
    private Error Missing(Actor actor, DockerReference reference, AccessTarget host) => policy.Reaches(actor, reference.Permission, host)
        ? new(ErrorKind.NotFound, "docker.not_found", reference.Kind switch
        {
            ResourceKind.Container => $"No such container: {reference.Text}",
            ResourceKind.Image => $"No such image: {reference.Text}",
            ResourceKind.Network => $"network {reference.Text} not found",
            ResourceKind.Volume => $"get {reference.Text}: no such volume",
        })
        : policy.Decide(actor, reference.Permission, host).Refusal!;
}
