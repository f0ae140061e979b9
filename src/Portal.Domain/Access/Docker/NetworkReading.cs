using Portal.Domain.Access.Restrictions;
using Portal.Domain.Engine;

namespace Portal.Domain.Access.Docker;

/// <summary>What requests about networks hold.</summary>
internal static class NetworkReading
{
    public static DockerContents Create(DockerCall call)
    {
        var body = call.Take(EngineBody.Known.NetworkCreateRequest);
        var source = body.ConfigFrom?.Network ?? "";
        return new()
        {
            Labels = body.Labels ?? [],
            Facts =
            [
                new UsedNetwork(body.Driver ?? "", body.Options ?? [])
                {
                    AddressDriver = body.IPAM?.Driver ?? "",
                    OfSwarm = body.Ingress || body.Scope is "swarm" or "global",
                },
            ],
            References = source.Length == 0 ? [] : [new(ResourceKind.Network, source, Permission.NetworkConnect) { Lends = true }],
        };
    }
}
