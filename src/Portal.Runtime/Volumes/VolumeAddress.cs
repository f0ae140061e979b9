using System.Net;
using System.Net.Sockets;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;

namespace Portal.Runtime.Volumes;

/// <summary>
/// Servers of network file systems by address: the kernel knows no names. Where Docker finds them, in <c>addr=</c> and, for
/// cifs without it, in the device.
/// </summary>
internal static class VolumeAddress
{
    private const string AddressOption = "addr=";

    /// <summary>Device and options with addresses for names.</summary>
    /// <param name="options">Of the volume.</param>
    /// <param name="data">The options that are the file system's.</param>
    /// <param name="lookUp">Finds the addresses of a name; the system's own look-up unless a test says otherwise.</param>
    /// <exception cref="ErrorException">A name has no address.</exception>
    public static (string Device, string Data) Resolve(VolumeOptions options, string data, Func<string, IPAddress[]>? lookUp = null)
    {
        if (options.Type is not ("nfs" or "nfs4" or "cifs" or "smb3"))
        {
            return (options.Device, data);
        }

        lookUp ??= Dns.GetHostAddresses;
        if (options.MountOptions.FirstOrDefault(option => option.StartsWith(AddressOption, StringComparison.Ordinal)) is { } option)
        {
            var name = option[AddressOption.Length..];
            return (options.Device, name.Length == 0 ? data : string.Join(',', data.Split(',').Select(part => part == option ? AddressOption + AddressOf(name, lookUp) : part)));
        }

        // //server/share
        if (options.Type is "cifs" or "smb3" && options.Device.StartsWith("//", StringComparison.Ordinal))
        {
            var end = options.Device.IndexOf('/', 2);
            var name = end < 0 ? options.Device[2..] : options.Device[2..end];
            return (name.Length == 0 ? options.Device : $"//{AddressOf(name, lookUp)}{(end < 0 ? "" : options.Device[end..])}", data);
        }

        return (options.Device, data);
    }

    private static string AddressOf(string name, Func<string, IPAddress[]> lookUp)
    {
        if (IPAddress.TryParse(name, out _))
        {
            return name;
        }

        try
        {
            var found = lookUp(name);
            return (Array.Find(found, address => address.AddressFamily == AddressFamily.InterNetwork) ?? found[0]).ToString();
        }
        catch (Exception ex) when (ex is SocketException or ArgumentException or IndexOutOfRangeException)
        {
            throw new ErrorException(ErrorKind.Internal, "volume.address", $"error resolving passed in network volume address: lookup {name}: no such host", ex);
        }
    }
}
