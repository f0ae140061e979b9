using Portal.Domain.Volumes;

namespace Portal.Domain.Access.Restrictions;

/// <summary>A volume to create or to use: what its options mount is the host's, as with a bind mount.</summary>
/// <param name="Driver">Name of the driver; empty for the local one.</param>
/// <param name="Options">Its options.</param>
public sealed record UsedVolume(string Driver, VolumeOptions Options) : IRestricted
{
    /// <inheritdoc/>
    public IReadOnlyList<Violation> Against(HostRestrictions allowed) =>
    [
        .. (Driver is "" or "local" ? Reached(Options) : Reached(Options).Prepend($"volumes of the driver {Driver}"))
            .Where(what => !HostPath.IsBelow(what, allowed.HostPaths)).Select(what => new Violation("hostPaths", $"the host's {what}")),
    ];

    /// <summary>
    /// What the options reach. Only a bind is a folder that its path stands for: any other file system the kernel puts together of whatever its options
    /// name (<c>overlay</c> of any folder, a device, a share), and that is nothing less than the host.
    /// </summary>
    internal static IEnumerable<string> Reached(VolumeOptions options)
    {
        if (options.IsHostBind)
        {
            yield return HostPath.Normal(options.Device);
        }
        else if (options.IsMounted)
        {
            yield return $"mount of {(options.Type.Length > 0 ? options.Type : options.Device)}";
        }
    }
}
