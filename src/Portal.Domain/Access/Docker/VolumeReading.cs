using Portal.Domain.Access.Restrictions;
using Portal.Domain.Engine;
using Portal.Domain.Volumes;

namespace Portal.Domain.Access.Docker;

/// <summary>What requests about volumes hold.</summary>
internal static class VolumeReading
{
    public static DockerContents Create(DockerCall call)
    {
        var body = call.Take(EngineBody.Known.VolumeCreateRequest);
        var labels = body.Labels ?? [];
        return new()
        {
            Labels = labels,
            Facts = [new UsedVolume(body.Driver ?? "", VolumeOptions.Of(body.DriverOpts))],

            // To create one that there is already is to be shown it.
            References = string.IsNullOrEmpty(body.Name) ? [] : [new(ResourceKind.Volume, body.Name, Permission.VolumeRead) { Absent = DockerAbsence.Created, Labels = labels }],
        };
    }
}
