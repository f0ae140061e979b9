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
    /// <exception cref="ErrorException">400: one is not there, or is no block device.</exception>
    public static BlockDeviceNumbers Read(ContainerResources resources)
    {
        var numbers = new Dictionary<string, DeviceNumber>(StringComparer.Ordinal);
        foreach (var limit in (IEnumerable<BlockLimit>)
            [.. resources.BlkioWeightDevices, .. resources.BlkioReadBps, .. resources.BlkioWriteBps, .. resources.BlkioReadIops, .. resources.BlkioWriteIops])
        {
            if (Libc.StatTarget(limit.Device, out var facts) is var errno && errno != 0)
            {
                throw Refusal($"stat {limit.Device}: {LinuxException.Words(errno)}");
            }

            numbers[limit.Device] = facts.Kind == FileKind.BlockDevice ? new(facts.DeviceMajor, facts.DeviceMinor) : throw Refusal($"{limit.Device} is not a block device");
        }

        return numbers.Count == 0 ? None : new(numbers);
    }

    private static ErrorException Refusal(string message) => new(ErrorKind.Invalid, "container.block_device", message);
}
