using Portal.Domain.Primitives;

namespace Portal.Runtime.Oci;

/// <summary>Which capabilities a container gets.</summary>
public static class DefaultCapabilities
{
    /// <summary>Docker's fourteen.</summary>
    public static CapabilitySet Set { get; } = CapabilitySet.Of(
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP",
        "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE");

    /// <summary>
    /// The default set with additions and drops. A privileged container gets all that <paramref name="host"/> has, which
    /// inside another container is less than everything.
    /// </summary>
    /// <exception cref="ErrorException">400: a name is unknown, or the host does not have what was asked for by name.</exception>
    public static CapabilitySet Resolve(IReadOnlyList<string> added, IReadOnlyList<string> dropped, bool privileged, CapabilitySet host)
    {
        var (add, addAll) = Parse(added, "CapAdd");
        var (drop, dropAll) = Parse(dropped, "CapDrop");
        if (privileged)
        {
            return host;
        }

        if (!host.Contains(add))
        {
            throw Unknown("CapAdd", (add & ~host).ToNames()[0]);
        }

        // As Docker does it: with ALL on one side the other side lists the exceptions, and naming a capability wins over ALL.
        var set = addAll ? host & ~drop
            : dropAll ? add
            : (Set & host & ~drop) | add;
        return addAll && dropAll ? add : set;
    }

    /// <summary>Throws the error of <see cref="Resolve"/> for names that no kernel knows.</summary>
    public static void Validate(IReadOnlyList<string> added, IReadOnlyList<string> dropped)
    {
        _ = Parse(added, "CapAdd");
        _ = Parse(dropped, "CapDrop");
    }

    private static (CapabilitySet Set, bool All) Parse(IReadOnlyList<string> names, string field)
    {
        var set = CapabilitySet.None;
        var all = false;
        foreach (var name in names)
        {
            if (name.Equals("ALL", StringComparison.OrdinalIgnoreCase) || name.Equals("CAP_ALL", StringComparison.OrdinalIgnoreCase))
            {
                all = true;
            }
            else if (CapabilitySet.TryParse(name, out var one))
            {
                set |= one;
            }
            else
            {
                throw Unknown(field, CapabilitySet.Normalize(name));
            }
        }

        return (set, all);
    }

    private static ErrorException Unknown(string field, string name) =>
        new(ErrorKind.Invalid, "container.capability", $"invalid {field}: unknown capability: \"{name}\"");
}
