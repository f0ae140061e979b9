using Portal.Domain.Containers;
using Portal.Domain.Engine.Models;

namespace Portal.Domain.Engine.Mapping;

/// <summary>The body of POST /containers/{id}/update: limits, and when the container starts again.</summary>
public static class UpdateMapping
{
    /// <summary>Reads what is to change; a restart policy that is null stays as it is.</summary>
    public static (ContainerResources Resources, RestartPolicySpec? Policy) Map(HostConfig body, ApiVersion version) => (
        ResourceMapping.Map(body) with
        {
            // Here 0 is said by nobody who does not mean it.
            PidsLimit = !version.AtLeast(40) ? null : body.PidsLimit is 0 ? -1 : body.PidsLimit,
        },
        body.RestartPolicy is { Name.Length: > 0 } asked ? CreateMapping.RestartPolicy(asked) : null);
}
