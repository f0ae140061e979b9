using Portal.Domain.Containers;
using Portal.Domain.Engine.Models;

namespace Portal.Domain.Engine.Mapping;

/// <summary>Devices by path, by cgroup rule and by request, between the wire and the spec.</summary>
public static class DeviceRequestMapping
{
    private const string EveryPermission = "rwm";

    public static List<DeviceSpec> Devices(List<Models.DeviceMapping>? devices) =>
    [
        .. (devices ?? []).Select(d => new DeviceSpec(
            d.PathOnHost ?? "", string.IsNullOrEmpty(d.PathInContainer) ? d.PathOnHost ?? "" : d.PathInContainer,
            string.IsNullOrEmpty(d.CgroupPermissions) ? EveryPermission : d.CgroupPermissions)),
    ];

    public static List<DeviceRequestSpec> Requests(List<DeviceRequest>? requests) =>
    [
        .. (requests ?? []).Select(r => new DeviceRequestSpec(
            r.Driver ?? "", r.Count, r.DeviceIDs ?? [], [.. (r.Capabilities ?? []).Select(alternative => (IReadOnlyList<string>)alternative)], r.Options ?? [])),
    ];

    /// <summary>Writes the devices into the answer of inspect.</summary>
    public static void Show(ContainerSpec spec, HostConfig host)
    {
        host.Devices = [.. spec.Devices.Select(d => new Models.DeviceMapping { PathOnHost = d.HostPath, PathInContainer = d.ContainerPath, CgroupPermissions = d.Permissions })];
        host.DeviceCgroupRules = spec.DeviceCgroupRules.Count == 0 ? null : [.. spec.DeviceCgroupRules];
        host.DeviceRequests = spec.DeviceRequests.Count == 0 ? null :
        [
            .. spec.DeviceRequests.Select(r => new DeviceRequest
            {
                Driver = r.Driver,
                Count = r.Count,
                DeviceIDs = [.. r.Ids],
                Capabilities = [.. r.Capabilities.Select(alternative => alternative.ToList())],
                Options = new(r.Options),
            }),
        ];
    }
}
