using Portal.Api.Adapters.Hosts;
using Portal.Api.Live;
using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Http;

/// <summary>
/// Finds what a path names. A container's name or id prefix becomes its full id here, once, and everything after works with
/// that. What the caller may not see does not exist.
/// </summary>
internal sealed class Targets(Fleet fleet, IHostUpstream upstream, IAccessPolicy access, IAccessTargets facts)
{
    /// <summary>The host.</summary>
    public Result<HostView> Host(Actor actor, string text) =>
        HostId.TryParse(text, null, out var id) && access.Reaches(actor, Permission.HostRead, facts.Host(id)) && fleet.Hosts.Find(id) is { } host
            ? host
            : UnknownHost(text);

    /// <summary>The container: by full id, by exact name, or by the beginning of the id if only one has it.</summary>
    public async Task<Result<ContainerView>> ContainerAsync(Actor actor, string hostText, string text, CancellationToken ct)
    {
        var host = Host(actor, hostText);
        if (host.Error is { } error)
        {
            return error;
        }

        var id = host.Value.Id;
        if (!access.Reaches(actor, Permission.ContainerRead, facts.Host(id)))
        {
            return Unknown(text, id);
        }

        if (text.Length is 0 or > 255)
        {
            return Unknown(text, id);
        }

        if (Match(text, fleet.Containers.List(container => container.Host == id && May(container)), id) is { } found)
        {
            return found;
        }

        // Made this very moment, perhaps: the event is still on its way.
        try
        {
            return Match(text, [.. (await upstream.ListAsync(id, null, ct)).Where(May)], id) ?? Unknown(text, id);
        }
        catch (ErrorException ex)
        {
            return ex.Error;
        }

        bool May(ContainerView container) => access.Check(actor, Permission.ContainerRead, facts.Container(container)) is null;
    }

    public static Error UnknownHost(string text) => new(ErrorKind.NotFound, "host.unknown", $"There is no host {Printable.Of(text, 64)}.");

    private static Error Unknown(string text, HostId host) => ResourceKind.Container.Unknown(Printable.Of(text, 64), host);

    private static Result<ContainerView>? Match(string text, IReadOnlyList<ContainerView> containers, HostId host)
    {
        if ((containers.FirstOrDefault(container => container.Id.Value == text) ?? containers.FirstOrDefault(container => container.Name == text)) is { } exact)
        {
            return exact;
        }

        return containers.Where(container => container.Id.Value.StartsWith(text, StringComparison.Ordinal)).Take(2).ToArray() switch
        {
            [var only] => only,
            [] => null,
            _ => new Error(ErrorKind.Invalid, "container.ambiguous", $"More than one container on host {host} has an id that begins with {Printable.Of(text, 64)}. Give more digits."),
        };
    }
}
