using Portal.Domain.Primitives;

namespace Portal.Domain.Access;

/// <summary>What lies on a host and can be given to people one by one.</summary>
public enum ResourceKind
{
    Container,
    Image,
    Network,
    Volume,
}

/// <summary>What holds for each kind.</summary>
public static class ResourceKinds
{
    /// <summary>What it takes to know that one is there.</summary>
    public static Permission Reading(this ResourceKind kind) => kind switch
    {
        ResourceKind.Container => Permission.ContainerRead,
        ResourceKind.Image => Permission.ImageRead,
        ResourceKind.Network => Permission.NetworkRead,
        ResourceKind.Volume => Permission.VolumeRead,
    };

    /// <summary>There is none of that name, or none that the caller may see.</summary>
    public static Error Unknown(this ResourceKind kind, string name, HostId host)
    {
        var noun = kind.ToString().ToLowerInvariant();
        return new(ErrorKind.NotFound, $"{noun}.unknown", $"There is no {noun} {name} on host {host}.");
    }
}
