using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Adapters.Storage;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Restrictions;
using Portal.Domain.Primitives;

namespace Portal.Api.Access;

/// <summary>What is laid down about access to a host.</summary>
/// <param name="Groups" example='["build"]'>Groups that it is in.</param>
/// <param name="AllowPrivileged">Privileged containers and commands.</param>
/// <param name="AllowHostNamespaces">The host's network, processes, IPC, host name, users or cgroups.</param>
/// <param name="HostPaths" example='["/srv/data"]'>Folders of the host that may be mounted, with all below them.</param>
/// <param name="Devices" example='["/dev/fuse"]'>Device nodes, with all below a folder.</param>
/// <param name="Capabilities" example='["NET_ADMIN"]'>Capabilities beyond the engine's fourteen.</param>
/// <param name="Sysctls" example='["net.core.*"]'>Kernel parameters; an asterisk at the end stands for anything.</param>
/// <param name="AllowSecurityOptions">Security profiles of one's own, none at all, unmasked paths.</param>
/// <param name="Runtimes" example='["crun"]'>OCI runtimes that may be named.</param>
/// <param name="HostPorts" example='["8000-8999"]'>Ports that may be published, as <c>8080</c> or <c>8000-8999</c>.</param>
/// <param name="Registries" example='["registry.example.com"]'>Where images may come from; empty for anywhere.</param>
/// <param name="AllowHostLinks">Networks that reach the host's own links.</param>
public sealed record HostAccessItem(
    [property: Required, MaxLength(64), NoNulls] IReadOnlyList<string> Groups, bool AllowPrivileged, bool AllowHostNamespaces,
    [property: Required, MaxLength(256), NoNulls] IReadOnlyList<string> HostPaths, [property: Required, MaxLength(256), NoNulls] IReadOnlyList<string> Devices,
    [property: Required, MaxLength(64), NoNulls] IReadOnlyList<string> Capabilities, [property: Required, MaxLength(256), NoNulls] IReadOnlyList<string> Sysctls, bool AllowSecurityOptions,
    [property: Required, MaxLength(64), NoNulls] IReadOnlyList<string> Runtimes, [property: Required, MaxLength(256), NoNulls] IReadOnlyList<string> HostPorts,
    [property: Required, MaxLength(256), NoNulls] IReadOnlyList<string> Registries, bool AllowHostLinks)
{
    internal static HostAccessItem From(IReadOnlyCollection<string> groups, HostRestrictions allowed) => new(
        [.. groups.Order(StringComparer.Ordinal)], allowed.AllowPrivileged, allowed.AllowHostNamespaces, allowed.HostPaths, allowed.Devices, allowed.Capabilities, allowed.Sysctls,
        allowed.AllowSecurityOptions, allowed.Runtimes, [.. allowed.HostPorts.Select(span => span.ToString())], allowed.Registries, allowed.AllowHostLinks);

    internal Result<HostRestrictions> Read()
    {
        List<PortSpan> ports = [];
        foreach (var text in HostPorts)
        {
            if (!PortSpan.TryParse(text, out var span))
            {
                return new Error(ErrorKind.Invalid, "restrictions.ports", "A port is written as 8080 or 8000-8999.");
            }

            ports.Add(span);
        }

        // A relative folder would be one of the root: nobody means that.
        return HostPaths.Concat(Devices).All(path => path.StartsWith('/'))
            ? new HostRestrictions
            {
                AllowPrivileged = AllowPrivileged, AllowHostNamespaces = AllowHostNamespaces, HostPaths = [.. HostPaths], Devices = [.. Devices], Capabilities = [.. Capabilities],
                Sysctls = [.. Sysctls], AllowSecurityOptions = AllowSecurityOptions, Runtimes = [.. Runtimes], HostPorts = [.. ports], Registries = [.. Registries], AllowHostLinks = AllowHostLinks,
            }
            : new Error(ErrorKind.Invalid, "restrictions.paths", "Paths and devices of the host begin with a slash.");
    }
}

/// <summary>Groups of hosts, and what people may ask of a host's engine.</summary>
internal static class HostAccessEndpoints
{
    public static void MapHostAccess(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/hosts/{host}/access").WithTags("Hosts");
        group.MapGet("", GetAsync).WithName("GetHostAccess").RequirePermission(Permission.HostManage, On.Host).ProducesProblems(404);
        group.MapPut("", SetAsync).WithName("SetHostAccess").RequirePermission(Permission.HostManage, On.Host).ProducesProblems(404, 503);
    }

    /// <summary>Gets a host's groups and what people who are not administrators may ask of its engine.</summary>
    /// <param name="host" example="local">The host's id, for instance <c>local</c>.</param>
    internal static async Task<Results<Ok<HostAccessItem>, Problem>> GetAsync(string host, PortalGate gate, IHostAccess access, CancellationToken ct)
    {
        var id = new HostId(host);
        var reader = await gate.ReadAsync(Permission.HostManage, "GetHostAccess", ct, access.Target(id));
        return reader.Error is { } error ? error.ToProblem() : TypedResults.Ok(HostAccessItem.From(access.Target(id).HostGroups, access.Restrictions(id)));
    }

    /// <summary>Lays down a host's groups and what people who are not administrators may ask of its engine, all at once. Wants an administrator of that host.</summary>
    /// <param name="host" example="local">The host's id, for instance <c>local</c>.</param>
    internal static async Task<Results<Ok<HostAccessItem>, Problem>> SetAsync(string host, HostAccessItem request, PortalGate gate, IHostAccess access, CancellationToken ct)
    {
        var restrictions = request.Read();
        if (restrictions.Error is { } unusable)
        {
            return unusable.ToProblem();
        }

        if (request.Groups.FirstOrDefault(name => !ScopeText.TryParse($"group:{name}", default, out _)) is not null)
        {
            return new Error(ErrorKind.Invalid, "restrictions.group", "The name of a group has no blanks, and no @ or %.").ToProblem();
        }

        var id = new HostId(host);
        var before = Words(access, id);
        var done = await gate.RunAsync(Permission.HostManage, "SetHostAccess", id.Value, async actor =>
        {
            // Whoever opens a host's engine to others opens the machine: only who has it in full may.
            if (!actor.Holds(BuiltInRoles.Administrator, new Scope.OfHost(id)))
            {
                return new Error(ErrorKind.Forbidden, "access.beyond", $"Only an administrator of host {id} says what others may do there.");
            }

            await access.SetGroupsAsync(id, [.. request.Groups], ct);
            await access.SetRestrictionsAsync(id, restrictions.Value, ct);
            return Result.Of(true);
        }, ct, _ => new(before, Words(access, id)), access.Target(id));
        return done.Error is { } error ? error.ToProblem() : TypedResults.Ok(HostAccessItem.From(access.Target(id).HostGroups, access.Restrictions(id)));
    }

    private static string Words(IHostAccess access, HostId host) =>
        $"groups {string.Join(' ', access.Target(host).HostGroups.Order(StringComparer.Ordinal))}; {RestrictionText.Of(access.Restrictions(host))}";
}
