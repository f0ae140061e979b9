namespace Portal.Domain.Access.Restrictions;

/// <summary>Something asked of an engine, read once into what matters for a host's restrictions.</summary>
public interface IRestricted
{
    /// <summary>Everything of it that is not let through; empty when it may be done.</summary>
    IReadOnlyList<Violation> Against(HostRestrictions allowed);
}

/// <summary>A container to create.</summary>
public sealed record NewContainer(Containers.ContainerSpec Spec) : IRestricted
{
    /// <inheritdoc/>
    public IReadOnlyList<Violation> Against(HostRestrictions allowed) => SpecRestrictions.Of(Spec, allowed);
}

/// <summary>Changes of a container that exists, as a spec that has nothing else.</summary>
public sealed record ChangedContainer(Containers.ContainerSpec Changes) : IRestricted
{
    // Its image is as it was.
    /// <inheritdoc/>
    public IReadOnlyList<Violation> Against(HostRestrictions allowed) => SpecRestrictions.Of(Changes, allowed with { Registries = [] });
}

/// <summary>A container that lends what it has, or lets somebody in: whoever gets that gets what it reaches of the host.</summary>
public sealed record LendingContainer(Containers.ContainerSpec Spec) : IRestricted
{
    // What it looks like from outside has defaults filled in where a request has none: the rest of the rules would see what nobody asked for.
    private static readonly string[] s_reaching = ["privileged", "hostNamespaces", "hostPaths", "devices", "capabilities"];

    /// <inheritdoc/>
    public IReadOnlyList<Violation> Against(HostRestrictions allowed) =>
        [.. SpecRestrictions.Of(Spec, allowed).Where(violation => s_reaching.Contains(violation.Rule)).Select(violation => violation with { What = $"{violation.What} by way of another container" })];
}

/// <summary>A command in a container.</summary>
/// <param name="Privileged">With all capabilities.</param>
public sealed record NewCommand(bool Privileged) : IRestricted
{
    /// <inheritdoc/>
    public IReadOnlyList<Violation> Against(HostRestrictions allowed) =>
        Privileged && !allowed.AllowPrivileged ? [new("privileged", "a privileged command")] : [];
}
