using Portal.Domain.Primitives;

namespace Portal.Domain.Access;

/// <summary>What a grant covers.</summary>
public abstract record Scope
{
    private Scope()
    {
    }

    /// <summary>Everything Portal manages, and the portal itself.</summary>
    public static Scope All { get; } = new Everything();

    /// <summary>True when the target lies within it.</summary>
    public abstract bool Covers(AccessTarget target);

    /// <summary>
    /// True when something on this host lies within it, whatever: then the host shows, and its lists are asked for and filtered.
    /// Only the host's own facts are looked at.
    /// </summary>
    public abstract bool Reaches(AccessTarget host);

    /// <summary>
    /// True when whatever lies in the other certainly lies in this one too. Goes by what the scopes say, not by what hosts and resources are now:
    /// a group does not contain its hosts, for tomorrow they may have left it.
    /// </summary>
    public bool Contains(Scope other) => this is Everything || this == other
        || (other is Part part && (Contains(part.Within) || (this is Part mine && mine.Within.Contains(part.Within) && mine with { Within = part.Within } == part)));

    /// <summary>Everything.</summary>
    public sealed record Everything : Scope
    {
        /// <inheritdoc/>
        public override bool Covers(AccessTarget target) => true;

        /// <inheritdoc/>
        public override bool Reaches(AccessTarget host) => true;

        /// <inheritdoc/>
        public override string ToString() => "everything";
    }

    /// <summary>A scope that lies on hosts.</summary>
    public abstract record OnHosts : Scope
    {
        /// <summary>True for a host that it lies on.</summary>
        protected abstract bool Holds(AccessTarget target);

        /// <inheritdoc/>
        public sealed override bool Reaches(AccessTarget host) => host.Host is not null && Holds(host);

        /// <inheritdoc/>
        public override bool Covers(AccessTarget target) => target.Host is not null && Holds(target);
    }

    /// <summary>All hosts of a group, and what is on them.</summary>
    public sealed record OfHostGroup(string Group) : OnHosts
    {
        /// <inheritdoc/>
        protected override bool Holds(AccessTarget target) => target.HostGroups.Contains(Group);

        /// <inheritdoc/>
        public override string ToString() => $"host group {Group}";
    }

    /// <summary>One host, and what is on it.</summary>
    public sealed record OfHost(HostId Host) : OnHosts
    {
        /// <inheritdoc/>
        protected override bool Holds(AccessTarget target) => target.Host == Host;

        /// <inheritdoc/>
        public override string ToString() => $"host {Host}";
    }

    /// <summary>All nodes of a swarm, and what is on them.</summary>
    public sealed record OfSwarm(string Swarm) : OnHosts
    {
        /// <inheritdoc/>
        protected override bool Holds(AccessTarget target) => target.Swarm == Swarm;

        /// <inheritdoc/>
        public override string ToString() => $"swarm {Swarm}";
    }

    /// <summary>A part of what another scope covers.</summary>
    /// <param name="Within">Where: hosts, or everything.</param>
    public abstract record Part(Scope Within) : Scope
    {
        /// <summary>True for a resource that is meant.</summary>
        protected abstract bool Picks(AccessTarget target);

        /// <inheritdoc/>
        public sealed override bool Covers(AccessTarget target) => target.Kind is not null && Within.Covers(target) && Picks(target);

        /// <inheritdoc/>
        public sealed override bool Reaches(AccessTarget host) => host.Host is not null && Within.Reaches(host);
    }

    /// <summary>A stack or Compose project: whatever carries its name.</summary>
    public sealed record OfStack(Scope Within, string Stack) : Part(Within)
    {
        /// <inheritdoc/>
        protected override bool Picks(AccessTarget target) => target.Stack == Stack;

        /// <inheritdoc/>
        public override string ToString() => $"stack {Stack} on {Within}";
    }

    /// <summary>What carries labels.</summary>
    public sealed record WithLabels(Scope Within, LabelSelector Selector) : Part(Within)
    {
        /// <inheritdoc/>
        protected override bool Picks(AccessTarget target) => target.LabelsCount && Selector.Matches(target.Labels);

        /// <inheritdoc/>
        public override string ToString() => $"what is labelled {Selector} on {Within}";
    }

    /// <summary>One container, image, network or volume.</summary>
    public sealed record OfResource(HostId Host, ResourceKind Kind, string Id) : Part(new OfHost(Host))
    {
        /// <inheritdoc/>
        protected override bool Picks(AccessTarget target) => target.Kind == Kind && target.Id == Id;

        /// <inheritdoc/>
        public override string ToString() => $"{Kind.ToString().ToLowerInvariant()} {Id} on host {Host}";
    }

    /// <summary>What belongs to the grant's subject, and what it is about to create.</summary>
    public sealed record OfOwner(Scope Within, Subject Owner) : Part(Within)
    {
        /// <inheritdoc/>
        protected override bool Picks(AccessTarget target) => target.Id is null || target.Owners.Contains(Owner);

        /// <inheritdoc/>
        public override string ToString() => $"what {Owner} owns on {Within}";
    }
}
