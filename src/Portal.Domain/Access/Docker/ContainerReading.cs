using System.Collections.Immutable;
using Portal.Domain.Access.Restrictions;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Mapping;
using Portal.Domain.Engine.Models;

namespace Portal.Domain.Access.Docker;

/// <summary>What requests about containers hold.</summary>
internal static class ContainerReading
{
    // Networks that every engine has and everybody uses; the host's own is a matter of restrictions.
    private static readonly string[] s_everybodys = ["", "default", "bridge", "none", "host"];

    public static DockerContents Create(DockerCall call)
    {
        var spec = CreateMapping.Map(call.Take(EngineBody.Known.ContainerCreateRequest), call.Version).Spec;
        return new()
        {
            Labels = spec.Labels,
            Facts = [new NewContainer(spec), .. (spec.Endpoints ?? []).Select(endpoint => new UsedEndpoint(endpoint.DriverOptions))],
            References =
            [
                new(ResourceKind.Image, spec.Image, Permission.ImageRead),
                .. spec.Mounts.SelectMany(Mounted),
                .. (spec.Endpoints ?? []).Select(endpoint => endpoint.Network).Prepend(spec.NetworkMode).Where(IsNetwork).Distinct(StringComparer.Ordinal).Select(Network),
                .. Donors(spec),
                .. Linked(spec.Links.Concat((spec.Endpoints ?? []).SelectMany(endpoint => endpoint.Links))),
            ],
        };
    }

    public static DockerContents Update(DockerCall call)
    {
        var body = call.Take(EngineBody.Known.HostConfig);

        // An engine may take more of it than limits: all of it is looked at.
        var changes = CreateMapping.Map(new ContainerCreateRequest { Image = "unchanged", HostConfig = body }, call.Version).Spec;
        return new() { Facts = [new ChangedContainer(changes with { Resources = UpdateMapping.Map(body, call.Version).Resources })] };
    }

    public static DockerContents Exec(DockerCall call) => new() { Facts = [new NewCommand(call.Take(EngineBody.Known.ExecCreateRequest).Privileged)] };

    public static DockerContents Start(DockerCall call)
    {
        _ = call.Take(EngineBody.Known.ExecStartRequest);
        return DockerContents.Nothing;
    }

    public static DockerContents Connect(DockerCall call)
    {
        var body = call.Take(EngineBody.Known.NetworkConnectRequest);
        var endpoint = EndpointMapping.Map(call.Name, body.EndpointConfig);
        return new()
        {
            Facts = [new UsedEndpoint(endpoint.DriverOptions)],
            References = [new(ResourceKind.Container, body.Container ?? "", Permission.ContainerUpdate), .. Linked(endpoint.Links)],
        };
    }

    public static DockerContents Disconnect(DockerCall call) => new()
    {
        References = [new(ResourceKind.Container, call.Take(EngineBody.Known.NetworkDisconnectRequest).Container ?? "", Permission.ContainerUpdate)],
    };

    /// <summary>The container whose network a build's steps run in, or the network.</summary>
    public static ImmutableArray<DockerReference> Networked(string mode) =>
        NetworkDonor.Of(mode) is { } donor ? [Donor(donor, Permission.ContainerExec)] : IsNetwork(mode) ? [Network(mode)] : [];

    private static IEnumerable<DockerReference> Mounted(MountSpec mount) => mount switch
    {
        { Kind: MountKind.Volume, Source.Length: > 0 } =>
        [
            new(ResourceKind.Volume, mount.Source, mount.ReadOnly ? Permission.VolumeFilesRead : Permission.VolumeFilesWrite)
            {
                Absent = DockerAbsence.Created,
                Labels = mount.VolumeLabels,
                Lends = true,
            },
        ],
        { Kind: MountKind.Image } => [new(ResourceKind.Image, mount.Source, Permission.ImageRead)],
        _ => [],
    };

    private static IEnumerable<DockerReference> Donors(ContainerSpec spec)
    {
        // Whoever is in the namespace of another container can do to it what a command in it can.
        foreach (var name in (string?[])[NetworkDonor.Of(spec.NetworkMode), Joined(spec.PidMode), Joined(spec.IpcMode), Joined(spec.UtsMode), Joined(spec.UserNamespaceMode), Joined(spec.CgroupNamespaceMode)])
        {
            if (name is not null)
            {
                yield return Donor(name, Permission.ContainerExec);
            }
        }

        foreach (var entry in spec.VolumesFrom)
        {
            var (name, mode) = entry.Split(':', 2) is [var first, var second] ? (first, second) : (entry, "");
            yield return Donor(name, mode.Split(',').Contains("ro") ? Permission.ContainerFilesRead : Permission.ContainerFilesWrite);
        }
    }

    private static string? Joined(NamespaceMode mode) => mode.Kind == NamespaceKind.Container ? mode.Container : null;

    private static IEnumerable<DockerReference> Linked(IEnumerable<string> links) =>
        links.Select(link => link.Split(':')[0].TrimStart('/')).Select(name => new DockerReference(ResourceKind.Container, name, Permission.ContainerRead));

    private static DockerReference Donor(string name, Permission permission) => new(ResourceKind.Container, name.TrimStart('/'), permission) { Lends = true };

    private static DockerReference Network(string name) => new(ResourceKind.Network, name, Permission.NetworkConnect) { Lends = true };

    private static bool IsNetwork(string name) => !s_everybodys.Contains(name) && !NetworkDonor.IsOne(name);
}
