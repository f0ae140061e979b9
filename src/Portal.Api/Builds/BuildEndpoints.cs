using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Portal.Api.Docker;
using Portal.Api.Http;
using Portal.Api.Images;
using Portal.Api.Operations;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Operations;
using Portal.Domain.Primitives;

namespace Portal.Api.Builds;

/// <summary>Builds on hosts, and what their cache keeps.</summary>
internal static class BuildEndpoints
{
    private const int MostTags = 64;

    public static void MapBuilds(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/hosts/{host}/builds").WithTags("Builds").ProducesProblems(400, 404, 409, 429, 503);
        group.MapPost("", BuildAsync).WithName("BuildImage").RequirePermission(Permission.ImageBuild, On.Image).Takes(RawBodies.Tar);
        group.MapPost("/remote", BuildRemoteAsync).WithName("BuildRemoteImage").RequirePermission(Permission.ImageBuild, On.Image);
        group.MapPost("/prune", PruneAsync).WithName("PruneBuilds").RequirePermission(Permission.ImagePrune, On.Host);
    }

    /// <summary>
    /// Builds an image from a context that is sent as a tar archive, plain or packed: an operation, answered when the archive has arrived. Its events have the
    /// lines of the build, its result the image's id. The credentials of all registries that you may use are used. Takes an <c>Idempotency-Key</c>.
    /// </summary>
    /// <param name="host" example="local">The host's id, for instance <c>local</c>.</param>
    /// <param name="tag">A name that the image is to have; may be there several times.</param>
    /// <param name="dockerfile">Path of the Dockerfile in the context; left out for <c>Dockerfile</c>.</param>
    /// <param name="argument">A build argument, as <c>name=value</c>; may be there several times. They can be read in the image's history: no place for secrets.</param>
    /// <param name="label">A label of the image, as <c>key=value</c>; may be there several times.</param>
    /// <param name="target">The stage to end with; left out for the last.</param>
    /// <param name="platform">The machine it is for, as <c>linux/arm64</c>; left out for that of the host.</param>
    /// <param name="noCache">Run every step anew.</param>
    /// <param name="pull">Look for newer images that it is made from.</param>
    internal static async Task<Results<Accepted<OperationItem>, Problem>> BuildAsync(
        string host, HttpContext http, OperationStarts operations, EngineBuilds builds, CancellationToken ct,
        [FromQuery, MaxLength(MostTags)] string[]? tag = null, [MaxLength(1024)] string? dockerfile = null, [FromQuery, MaxLength(256)] string[]? argument = null, [FromQuery, MaxLength(256)] string[]? label = null,
        [MaxLength(256)] string? target = null, [MaxLength(64)] string? platform = null, bool noCache = false, bool pull = false)
    {
        var asked = new BuildSpec
        {
            Tags = tag ?? [], Dockerfile = dockerfile, Arguments = argument ?? [], Labels = label ?? [], Target = target, Platform = platform, NoCache = noCache, Pull = pull,
        };
        if (Check(asked) is { } unusable)
        {
            return unusable.ToProblem();
        }

        await using var context = new Upload(http.EndlessBody(), ct);
        return await operations.BeginAsync(http, host, OperationKind.ImageBuild, Words(asked), asked, (actor, id) => builds.Build(actor, id, asked, context), ct, context);
    }

    /// <summary>
    /// Builds an image from a context that the host fetches: an operation. Wants somebody who may have the host's own network, for it is the host that fetches.
    /// Takes an <c>Idempotency-Key</c>.
    /// </summary>
    /// <param name="host" example="local">The host's id, for instance <c>local</c>.</param>
    internal static async Task<Results<Accepted<OperationItem>, Problem>> BuildRemoteAsync(
        string host, RemoteBuild request, HttpContext http, OperationStarts operations, EngineBuilds builds, CancellationToken ct)
    {
        var asked = new BuildSpec
        {
            Tags = request.Tags ?? [], Dockerfile = request.Dockerfile, Arguments = [.. (request.Arguments ?? new Dictionary<string, string>()).Select(pair => $"{pair.Key}={pair.Value}")],
            Labels = [.. (request.Labels ?? new Dictionary<string, string>()).Select(pair => $"{pair.Key}={pair.Value}")], Target = request.Target, Platform = request.Platform,
            NoCache = request.NoCache, Pull = request.Pull, Remote = request.Context,
        };
        return (Check(asked) ?? CheckRemote(request.Context)) is { } unusable
            ? unusable.ToProblem()
            : await operations.BeginAsync(http, host, OperationKind.ImageBuild, Words(asked), asked, (actor, id) => builds.Build(actor, id, asked, null), ct);
    }

    /// <summary>Removes what the build cache keeps and no build uses: an operation. Takes an <c>Idempotency-Key</c>.</summary>
    /// <param name="host" example="local">The host's id.</param>
    internal static Task<Results<Accepted<OperationItem>, Problem>> PruneAsync(
        string host, BuildPrune request, HttpContext http, OperationStarts operations, EngineBuilds builds, CancellationToken ct) =>
        operations.BeginAsync(http, host, OperationKind.BuildPrune, "the build cache", request, (actor, id) => builds.Prune(actor, id, request), ct);

    private static Error? Check(BuildSpec asked)
    {
        foreach (var tag in asked.Tags)
        {
            if (ImageEndpoints.Reference(tag).Error is { } error)
            {
                return error;
            }
        }

        return asked.Arguments.Concat(asked.Labels).Any(pair => pair.Length == 0 || pair[0] == '=')
            ? new Error(ErrorKind.Invalid, "build.pairs", "Arguments and labels are written as name=value.")
            : null;
    }

    private static Error? CheckRemote(string context) =>
        Uri.TryCreate(context, UriKind.Absolute, out var address) && address.Scheme is ("https" or "http" or "git") && address.UserInfo.Length == 0 && address.Query.Length == 0
            ? null
            : new Error(ErrorKind.Invalid, "build.context", "The context is an https, http or git address without a user, a password or a query.");

    /// <summary>What it is called in lists.</summary>
    private static string Words(BuildSpec asked) => asked.Tags.Count > 0 ? string.Join(' ', asked.Tags) : asked.Remote ?? "an image without a name";
}
