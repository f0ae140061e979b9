using System.Collections.Immutable;
using Portal.Domain.Access.Restrictions;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Mapping;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;

namespace Portal.Domain.Access.Docker;

/// <summary>Something on a host, as the engine describes it.</summary>
/// <param name="Target">What grants go by.</param>
public sealed record DockerResource(AccessTarget Target)
{
    /// <summary>What it has of the host.</summary>
    public ImmutableArray<IRestricted> Facts { get; init; } = [];

    /// <summary>Folders for which a container of this image gets volumes of its own.</summary>
    public ImmutableArray<string> Volumes { get; init; } = [];

    /// <summary>A network that every engine has: everybody may see it and put containers into it, and nobody has it.</summary>
    public bool IsEverybodys { get; init; }

    /// <summary>A container.</summary>
    /// <param name="host">The host, as a target.</param>
    /// <param name="container">What the engine says of it.</param>
    /// <param name="volumes">The volumes in it.</param>
    public static DockerResource Of(AccessTarget host, ContainerInspect container, IEnumerable<VolumeResource> volumes) => new(Place(host, ResourceKind.Container, container.Id, container.Config.Labels ?? []))
    {
        Facts =
        [
            Lent(container),
            .. container.Mounts.Where(mount => mount.Type == "bind").Select(mount => new UsedVolume("", VolumeOptions.Of(Bind(mount.Source)))),
            .. volumes.Select(volume => new UsedVolume(volume.Driver, VolumeOptions.Of(volume.Options))),
        ],
    };

    /// <summary>An image. Its own labels do not count.</summary>
    public static DockerResource Of(AccessTarget host, ImageInspect image) => new(Place(host, ResourceKind.Image, image.Id, null)) { Volumes = [.. image.Config?.Volumes?.Keys ?? Enumerable.Empty<string>()] };

    /// <summary>A network.</summary>
    public static DockerResource Of(AccessTarget host, NetworkResource network) => new(Place(host, ResourceKind.Network, network.Id, network.Labels ?? []))
    {
        IsEverybodys = network.Name is "bridge" or "none" or "host",

        // The engine's own bridge has options of its own making, and belongs to everybody.
        Facts = network.Name is "bridge" or "none" ? [] : [new UsedNetwork(network.Driver, network.Options ?? []) { AddressDriver = network.IPAM?.Driver ?? "" }],
    };

    /// <summary>A volume.</summary>
    public static DockerResource Of(AccessTarget host, VolumeResource volume) => new(Place(host, ResourceKind.Volume, volume.Name, volume.Labels ?? []))
    {
        Facts = [new UsedVolume(volume.Driver, VolumeOptions.Of(volume.Options))],
    };

    /// <summary>The target of something on a host; labels are null where they are not known, or do not count.</summary>
    public static AccessTarget Place(AccessTarget host, ResourceKind kind, string? id, IReadOnlyDictionary<string, string>? labels)
    {
        var known = labels ?? ImmutableDictionary<string, string>.Empty;
        return host with { Kind = kind, Id = id, Labels = known, LabelsCount = labels is not null, Stack = StackLabels.Of(known) };
    }

    private static IRestricted Lent(ContainerInspect container)
    {
        try
        {
            var request = new ContainerCreateRequest { Image = "lent", HostConfig = container.HostConfig };
            return new LendingContainer(CreateMapping.Map(request, ApiVersion.Highest).Spec);
        }
        catch (ErrorException)
        {
            // Made by an engine that knows more than the contract: what cannot be judged is not lent.
            return new Unseen("what another container has");
        }
    }

    private static Dictionary<string, string> Bind(string source) => new() { ["type"] = "none", ["o"] = "bind", ["device"] = source };
}
