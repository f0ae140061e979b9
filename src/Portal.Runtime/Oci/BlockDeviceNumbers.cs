using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Oci;

/// <param name="Major">Major number.</param>
/// <param name="Minor">Minor number.</param>
internal readonly record struct DeviceNumber(uint Major, uint Minor);

/// <summary>The devices that block limits name, as the kernel numbers them.</summary>
/// <param name="Numbers">By path.</param>
internal sealed record BlockDeviceNumbers(IReadOnlyDictionary<string, DeviceNumber> Numbers)
{
    /// <summary>No device.</summary>
    public static BlockDeviceNumbers None { get; } = new(new Dictionary<string, DeviceNumber>());

    /// <summary>Looks at every device that <paramref name="resources"/> names.</summary>
    /// <exception cref="ErrorException">400: one is not there.</exception>
    public static BlockDeviceNumbers Read(ContainerResources resources)
    {
        var numbers = new Dictionary<string, DeviceNumber>(StringComparer.Ordinal);
        foreach (var limit in (IEnumerable<BlockLimit>)
            [.. resources.BlkioWeightDevices, .. resources.BlkioReadBps, .. resources.BlkioWriteBps, .. resources.BlkioReadIops, .. resources.BlkioWriteIops])
        {
            numbers[limit.Device] = Libc.StatTarget(limit.Device, out var facts) is var errno && errno == 0
                ? new(facts.DeviceMajor, facts.DeviceMinor)
                : throw new ErrorException(ErrorKind.Invalid, "container.block_device", $"stat {limit.Device}: {LinuxException.Words(errno)}");
        }

        return numbers.Count == 0 ? None : new(numbers);
    }
}
