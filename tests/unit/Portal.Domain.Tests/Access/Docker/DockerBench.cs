using System.Collections.Immutable;
using System.Text;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Access.Restrictions;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;

namespace Portal.Domain.Tests.Access.Docker;

/// <summary>A host with a few things on it, and people who ask its engine for something.</summary>
internal sealed class DockerBench
{
    public static readonly HostId Id = new("here");
    public static readonly AccessTarget Host = new(Id);
    public static readonly Subject Ann = new(SubjectKind.User, "ann"), Web = new(SubjectKind.Team, "web");

    private readonly Dictionary<(ResourceKind, string), DockerResource> _there = [];

    public DockerBench()
    {
        Add(ResourceKind.Image, "busybox");
        Add(ResourceKind.Container, "plain");
        Add(ResourceKind.Container, "root", facts: new LendingContainer(new ContainerSpec { Image = "i", Privileged = true }));
        Add(ResourceKind.Container, "mounts", facts: new LendingContainer(new ContainerSpec { Image = "i", Mounts = [new(MountKind.Bind, "/etc", "/x", true)] }));
        Add(ResourceKind.Volume, "data");
        Add(ResourceKind.Volume, "etc", facts: new UsedVolume("", VolumeOptions.Of(new Dictionary<string, string> { ["type"] = "none", ["o"] = "bind", ["device"] = "/etc" })));
        Add(ResourceKind.Network, "web");
        Add(ResourceKind.Network, "lan", facts: new UsedNetwork("macvlan", ImmutableDictionary<string, string>.Empty));
        Add(ResourceKind.Network, "0123456789ab", facts: new UsedNetwork("host", ImmutableDictionary<string, string>.Empty));
    }

    public HostRestrictions Restrictions { get; init; } = HostRestrictions.Default;

    public static Actor Person(Role role, Scope? scope = null, Subject? subject = null) =>
        new("ann", "Ann", [new Grant(role, scope ?? new Scope.OfHost(Id)) { Subject = subject ?? Ann }]);

    public void Add(ResourceKind kind, string id, Dictionary<string, string>? labels = null, Subject? owner = null, IRestricted? facts = null, string[]? volumes = null) =>
        _there[(kind, id)] = new(DockerResource.Place(Host, kind, id, kind == ResourceKind.Image ? null : labels ?? []) with { Owners = owner is { } one ? [one] : [] })
        {
            Facts = facts is null ? [] : [facts], Volumes = [.. volumes ?? []],
        };

    public DockerDecision Ask(Actor actor, string request, string? json = null, string? contentType = null)
    {
        var (method, rest) = request.Split(' ', 2) is [var first, var second] ? (first, second) : throw new ArgumentException(request);
        var (path, query) = rest.Split('?', 2) is [var before, var behind] ? (before, behind) : (rest, "");
        var policy = new DockerPolicy(new AccessPolicy());
        var found = DockerCall.Find(method, path, query);
        if (found.Error is { } error)
        {
            return DockerDecision.Refuse(error);
        }

        var call = found.Value with { Body = Encoding.UTF8.GetBytes(json ?? ""), ContentType = contentType ?? (json is null ? null : "application/json"), ExecContainer = "plain" };
        if (policy.IsUnrestricted(actor, call.Operation.Permission, Host))
        {
            return DockerPolicy.Decide(call);
        }

        var ask = DockerAsk.Read(call);
        return ask.Error is { } refusal
            ? DockerDecision.Refuse(refusal)
            : policy.Decide(actor, ask.Value, Host, Restrictions, reference => _there.GetValueOrDefault((reference.Kind, reference.Text)));
    }
}
