namespace Portal.Domain.Access.Restrictions;

/// <summary>An image by its name, to have from a registry or to send there.</summary>
public sealed record NamedImage(string Name) : IRestricted
{
    /// <inheritdoc/>
    public IReadOnlyList<Violation> Against(HostRestrictions allowed) => SpecRestrictions.IsFrom(Name, allowed) ? [] : [new("registries", $"the image {Name}")];
}

/// <summary>A registry by its address, to sign in to.</summary>
public sealed record NamedRegistry(string Address) : IRestricted
{
    /// <inheritdoc/>
    public IReadOnlyList<Violation> Against(HostRestrictions allowed)
    {
        var scheme = Address.IndexOf("://", StringComparison.Ordinal);
        var host = (scheme < 0 ? Address : Address[(scheme + 3)..]).Split('/')[0];
        host = host is "" or "index.docker.io" or "registry-1.docker.io" ? "docker.io" : host;
        return allowed.Registries.IsEmpty || allowed.Registries.Any(known => known.Split('/')[0] == host) ? [] : [new("registries", $"the registry {host}")];
    }
}

/// <summary>Images out of an archive or a Dockerfile, which say themselves what they are made of.</summary>
/// <param name="Source">What it is, in words.</param>
public sealed record UnnamedImages(string Source) : IRestricted
{
    /// <inheritdoc/>
    public IReadOnlyList<Violation> Against(HostRestrictions allowed) => allowed.Registries.IsEmpty ? [] : [new("registries", Source)];
}

/// <summary>Something that the engine fetches itself, from wherever the host reaches.</summary>
/// <param name="Source">What it is, in words.</param>
public sealed record FetchedSource(string Source) : IRestricted
{
    /// <inheritdoc/>
    public IReadOnlyList<Violation> Against(HostRestrictions allowed) => allowed.AllowHostNamespaces ? [] : [new("hostNamespaces", Source)];
}

/// <summary>How the steps of a build run.</summary>
/// <param name="NetworkMode">Their network.</param>
public sealed record NewBuild(string NetworkMode) : IRestricted
{
    /// <summary>A cgroup of one's own; empty for the engine's.</summary>
    public string CgroupParent { get; init; } = "";

    /// <summary>Security options, as given.</summary>
    public IReadOnlyList<string> SecurityOptions { get; init; } = [];

    /// <summary>Limits of the steps' processes.</summary>
    public IReadOnlyList<Containers.UlimitSpec> Ulimits { get; init; } = [];

    /// <inheritdoc/>
    public IReadOnlyList<Violation> Against(HostRestrictions allowed) =>
        SpecRestrictions.Of(new Containers.ContainerSpec { Image = "", NetworkMode = NetworkMode, CgroupParent = CgroupParent, SecurityOptions = SecurityOptions, Ulimits = Ulimits }, allowed with { Registries = [] });
}

/// <summary>A conversation in which the portal cannot see what is asked for.</summary>
/// <param name="What">What it is, in words.</param>
public sealed record Unseen(string What) : IRestricted
{
    /// <inheritdoc/>
    public IReadOnlyList<Violation> Against(HostRestrictions allowed) => [new("unseen", What)];
}
