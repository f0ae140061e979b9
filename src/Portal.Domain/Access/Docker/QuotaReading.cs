using System.Collections.Immutable;
using Portal.Domain.Access.Quotas;
using Portal.Domain.Access.Restrictions;
using Portal.Domain.Containers;

namespace Portal.Domain.Access.Docker;

/// <summary>What requests take of quotas.</summary>
internal static class QuotaReading
{
    private const string Start = "containers/{id}/start", Restart = "containers/{id}/restart";

    /// <summary>What a request takes; null for nothing.</summary>
    /// <param name="ask">The request.</param>
    /// <param name="owners">Who owns what it makes.</param>
    /// <param name="volumes">How many volumes it makes by name.</param>
    /// <param name="find">What a reference means on the host; null for nothing.</param>
    public static QuotaCharge? Of(DockerAsk ask, IEnumerable<Subject> owners, int volumes, Func<DockerReference, DockerResource?> find)
    {
        var operation = ask.Call.Operation;
        if (operation.Place == DockerPlace.New)
        {
            return operation.Kind switch
            {
                ResourceKind.Container when ask.Contents.Facts.OfType<NewContainer>().FirstOrDefault() is { Spec: var spec } => Charge(owners, new()
                {
                    Limits = ContainerLimits.Of(spec.Resources),
                    Volumes = volumes + Nameless(spec, ask.References.Where(reference => reference.Kind == ResourceKind.Image && reference.Text == spec.Image).Select(find).FirstOrDefault()),
                }),
                ResourceKind.Volume => Charge(owners, new() { Volumes = 1 }),
                _ => null,
            };
        }

        // What there is counts for those it belongs to, whoever does it.
        if (operation is not { Place: DockerPlace.Named, Kind: ResourceKind.Container } || find(ask.References[0])?.Target is not { Id: { } id } target)
        {
            return null;
        }

        return ask.Contents.Facts.OfType<ChangedContainer>().FirstOrDefault() is { } change
            ? Charge(target.Owners, new() { Container = id, Limits = ContainerLimits.Of(change.Changes.Resources) })
            : operation.Template is Start or Restart ? Charge(target.Owners, new() { Container = id }) : null;
    }

    private static QuotaCharge? Charge(IEnumerable<Subject> owners, QuotaDemand demand)
    {
        var teams = owners.Where(owner => owner.Kind == SubjectKind.Team).Select(owner => owner.Id).ToImmutableSortedSet(StringComparer.Ordinal);
        return teams.IsEmpty ? null : new(teams, demand);
    }

    /// <summary>Volumes that an engine makes for mounts without a source, and for folders of which the image says so.</summary>
    private static int Nameless(ContainerSpec spec, DockerResource? image) =>
        spec.Mounts.Count(mount => mount is { Kind: MountKind.Volume, Source.Length: 0 })
        + (image?.Volumes ?? []).Count(path => !spec.Mounts.Any(mount => mount.Target.TrimEnd('/') == path.TrimEnd('/')));
}
