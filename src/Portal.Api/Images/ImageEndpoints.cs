using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Docker;
using Portal.Api.Http;
using Portal.Api.Operations;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Operations;
using Portal.Domain.Primitives;

namespace Portal.Api.Images;

/// <summary>Images of hosts. In paths a name's slashes are written <c>%2F</c>, as every client does that escapes what it puts there.</summary>
internal static class ImageEndpoints
{
    private const int LongestName = 1024;

    public static void MapImages(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/hosts/{host}/images").WithTags("Images").ProducesProblems(400, 404, 503);
        group.MapGet("", ListAsync).WithName("ListImages").RequirePermission(Permission.ImageRead, On.PartOfHost);
        group.MapGet("/{image}", GetAsync).WithName("GetImage").RequirePermission(Permission.ImageRead, On.Image);
        group.MapGet("/{image}/history", HistoryAsync).WithName("GetImageHistory").RequirePermission(Permission.ImageRead, On.Image);
        group.MapGet("/{image}/archive", SaveAsync).WithName("SaveImage").RequirePermission(Permission.ImageSave, On.Image).Produces<Stream>(200, RawBodies.Tar);
        group.MapDelete("/{image}", RemoveAsync).WithName("RemoveImage").RequirePermission(Permission.ImageRemove, On.Image).ProducesProblems(409);
        group.MapPost("/{image}/tag", TagAsync).WithName("TagImage").RequirePermission(Permission.ImageTag, On.Image).ProducesProblems(409);
        group.MapPost("/{image}/push", PushAsync).WithName("PushImage").RequirePermission(Permission.ImagePush, On.Image).ProducesProblems(409, 429);
        group.MapPost("/pull", PullAsync).WithName("PullImage").RequirePermission(Permission.ImagePull, On.Image).ProducesProblems(409, 429);
        group.MapPost("/load", LoadAsync).WithName("LoadImages").RequirePermission(Permission.ImageLoad, On.Host).ProducesProblems(409, 429).Takes(RawBodies.Tar);
        group.MapPost("/prune", PruneAsync).WithName("PruneImages").RequirePermission(Permission.ImagePrune, On.Host).ProducesProblems(409, 429);
        api.MapGet("/hosts/{host}/image-search", SearchAsync).WithName("SearchImages").WithTags("Images").RequirePermission(Permission.RegistryRead, On.PartOfHost).ProducesProblems(400, 404, 503);
    }

    /// <summary>Lists images.</summary>
    /// <param name="host" example="local">The host's id, for instance <c>local</c>.</param>
    /// <param name="name">Only those with a name that contains this text.</param>
    /// <param name="label">Only those with this label, as <c>key</c> or <c>key=value</c>.</param>
    /// <param name="dangling">Only those without a name, or only those with one.</param>
    /// <param name="sort"><c>name</c>, <c>created</c> or <c>size</c>; with a minus before it, the other way round.</param>
    /// <param name="page">Which page; the first is 1.</param>
    /// <param name="pageSize">How many items a page has, 1 to 500.</param>
    internal static async Task<Results<Ok<Page<ImageItem>>, Problem>> ListAsync(
        string host, CurrentActor caller, Targets targets, EngineImages images, CancellationToken ct,
        [MaxLength(Paging.LongestFilter)] string? name = null, [MaxLength(LongestName)] string? label = null, bool? dangling = null,
        [AllowedValues("name", "-name", "created", "-created", "size", "-size")] string sort = "name",
        [Range(1, int.MaxValue)] int page = 1, [Range(1, Paging.Largest)] int pageSize = Paging.Usual)
    {
        var actor = await caller.GetAsync(ct);
        var all = targets.Host(actor, host) is { Error: { } missing } ? missing : await images.ListAsync(actor, new(host), ct);
        if (all.Error is { } error)
        {
            return error.ToProblem();
        }

        var matching = all.Value.Where(image => (name is null || image.Tags.Any(tag => tag.Contains(name, StringComparison.OrdinalIgnoreCase)))
            && (label is null || HasLabel(image, label))
            && (dangling is null || dangling == image.IsDangling));
        var ordered = sort.TrimStart('-') switch
        {
            "created" => matching.OrderBy(image => image.Created),
            "size" => matching.OrderBy(image => image.Size),
            _ => matching.OrderBy(image => image.IsDangling).ThenBy(image => image.Tags is [var first, ..] ? first : "", StringComparer.OrdinalIgnoreCase),
        };
        var sorted = ordered.ThenBy(image => image.Id, StringComparer.Ordinal).ToArray();
        if (sort[0] == '-')
        {
            Array.Reverse(sorted);
        }

        return TypedResults.Ok(sorted.Page(page, pageSize, image => image));
    }

    /// <summary>Gets everything known of one image.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="image" example="busybox">The image's name or id; slashes of a name as <c>%2F</c>.</param>
    internal static Task<Results<Ok<ImageDetail>, Problem>> GetAsync(
        string host, [MaxLength(LongestName)] string image, CurrentActor caller, Targets targets, EngineImages images, CancellationToken ct) =>
        AnswerAsync(host, caller, targets, (actor, id) => images.GetAsync(actor, id, Name(image), ct), ct);

    /// <summary>Lists the steps that made an image, the newest first.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="image" example="busybox">The image's name or id; slashes of a name as <c>%2F</c>.</param>
    internal static Task<Results<Ok<IReadOnlyList<ImageStep>>, Problem>> HistoryAsync(
        string host, [MaxLength(LongestName)] string image, CurrentActor caller, Targets targets, EngineImages images, CancellationToken ct) =>
        AnswerAsync(host, caller, targets, (actor, id) => images.HistoryAsync(actor, id, Name(image), ct), ct);

    /// <summary>Removes a name of an image, and with its last name, or by its id, the image.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="image" example="busybox">The image's name or id; slashes of a name as <c>%2F</c>.</param>
    /// <param name="force">Also when it has several names, or stopped containers are made from it.</param>
    /// <param name="keepParents">Keep images without a name that it was made from.</param>
    internal static Task<Results<Ok<ImageRemoval>, Problem>> RemoveAsync(
        string host, [MaxLength(LongestName)] string image, CurrentActor caller, Targets targets, EngineImages images, CancellationToken ct, bool force = false, bool keepParents = false) =>
        AnswerAsync(host, caller, targets, (actor, id) => images.RemoveAsync(actor, id, Name(image), force, keepParents, ct), ct);

    /// <summary>Gives an image another name. Another image that has it loses it.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="image" example="busybox">The image's name or id; slashes of a name as <c>%2F</c>.</param>
    internal static async Task<Results<NoContent, Problem>> TagAsync(
        string host, [MaxLength(LongestName)] string image, ImageTag request, CurrentActor caller, Targets targets, EngineImages images, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var name = Reference(request.Image);
        var done = name.Error is { } unusable ? unusable
            : name.Value.Digest is not null ? new Error(ErrorKind.Invalid, "image.reference", "A name that is given has no digest.")
            : targets.Host(actor, host) is { Error: { } missing } ? missing
            : await images.TagAsync(actor, new(host), Name(image), name.Value, ct);
        return done.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    /// <summary>Reads an image as a tar archive, as <c>docker save</c> writes it.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="image" example="busybox">The image's name or id; slashes of a name as <c>%2F</c>.</param>
    internal static async Task<Results<EmptyHttpResult, Problem>> SaveAsync(
        string host, [MaxLength(LongestName)] string image, HttpContext http, CurrentActor caller, Targets targets, EngineImages images, Reauthorisation rights, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        if (targets.Host(actor, host) is { Error: { } missing })
        {
            return missing.ToProblem();
        }

        try
        {
            var done = await rights.RunAsync(http.User, actor, bound => images.SaveAsync(
                actor, new(host), Name(image), (content, until) => http.SaveAsync(content, RawBodies.Tar, Name(image).Split('/')[^1].Replace(':', '_') + ".tar", until), bound), ct);
            if (done.Error is { } error)
            {
                return http.Response.HasStarted ? throw new ErrorException(error) : error.ToProblem();
            }
        }
        catch (ErrorException) when (http.Response.HasStarted)
        {
            // An archive that is cut off must not look like a whole one.
            http.Abort();
        }

        return TypedResults.Empty;
    }

    /// <summary>Pulls an image: an operation. The credentials of a registry that you may use are used. Takes an <c>Idempotency-Key</c>.</summary>
    /// <param name="host" example="local">The host's id.</param>
    internal static async Task<Results<Accepted<OperationItem>, Problem>> PullAsync(
        string host, ImagePull request, HttpContext http, OperationStarts operations, EngineImages images, CancellationToken ct)
    {
        var reference = Reference(request.Image);
        return reference.Error is { } unusable
            ? unusable.ToProblem()
            : await operations.BeginAsync(http, host, OperationKind.ImagePull, reference.Value.Familiar, request, (actor, id) => images.Pull(actor, id, reference.Value, request.Platform), ct);
    }

    /// <summary>Pushes an image to the registry that its name says: an operation. The credentials of a registry that you may use are used. Takes an <c>Idempotency-Key</c>.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="image" example="busybox">The image's name; slashes as <c>%2F</c>. Without a tag it is <c>latest</c>.</param>
    internal static async Task<Results<Accepted<OperationItem>, Problem>> PushAsync(
        string host, [MaxLength(LongestName)] string image, HttpContext http, OperationStarts operations, EngineImages images, CancellationToken ct)
    {
        var reference = Reference(Name(image));
        return reference.Error is { } unusable ? unusable.ToProblem()
            : reference.Value.Digest is not null ? new Error(ErrorKind.Invalid, "image.reference", "Push by a tag: a digest names no place at a registry.").ToProblem()
            : await operations.BeginAsync(http, host, OperationKind.ImagePush, reference.Value.Familiar, reference.Value.ToString(), (actor, id) => images.Push(actor, id, reference.Value), ct);
    }

    /// <summary>
    /// Loads images from a tar archive, as <c>docker save</c> writes it: an operation, answered when the archive has arrived. Wants somebody who may load images
    /// on the host as a whole, for an archive says itself what its images are called. Takes an <c>Idempotency-Key</c>.
    /// </summary>
    /// <param name="host" example="local">The host's id.</param>
    internal static async Task<Results<Accepted<OperationItem>, Problem>> LoadAsync(string host, HttpContext http, OperationStarts operations, EngineImages images, CancellationToken ct)
    {
        await using var archive = new Upload(http.EndlessBody(), ct);
        return await operations.BeginAsync(http, host, OperationKind.ImageLoad, "an archive", "load", (actor, id) => images.Load(actor, id, archive), ct, archive);
    }

    /// <summary>Removes images that nothing uses: an operation. Takes an <c>Idempotency-Key</c>.</summary>
    /// <param name="host" example="local">The host's id.</param>
    internal static Task<Results<Accepted<OperationItem>, Problem>> PruneAsync(
        string host, ImagePrune request, HttpContext http, OperationStarts operations, EngineImages images, CancellationToken ct) =>
        operations.BeginAsync(http, host, OperationKind.ImagePrune, request.All ? "all unused images" : "images without a name", request, (actor, id) => images.Prune(actor, id, request), ct);

    /// <summary>Searches the index that the host's engine knows, usually Docker Hub.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="term" example="busybox">What to search for.</param>
    /// <param name="limit">How many to answer, 1 to 100.</param>
    internal static Task<Results<Ok<IReadOnlyList<FoundImage>>, Problem>> SearchAsync(
        string host, [MaxLength(256), MinLength(1)] string term, CurrentActor caller, Targets targets, EngineImages images, CancellationToken ct, [Range(1, 100)] int limit = 25) =>
        AnswerAsync(host, caller, targets, (actor, id) => images.SearchAsync(actor, id, term, limit, ct), ct);

    /// <summary>The server decodes all of a path but slashes.</summary>
    internal static string Name(string segment) => segment.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    internal static Result<ImageReference> Reference(string text) => ImageReference.TryParse(text, out var reference, out var problem)
        ? reference.WithDefaultTag()
        : new Error(ErrorKind.Invalid, "image.reference", $"{Printable.Of(text, 128)} names no image: {Printable.Of(problem, 256)}.");

    private static bool HasLabel(ImageItem image, string label) => label.IndexOf('=', StringComparison.Ordinal) is var at and >= 0
        ? image.Labels.TryGetValue(label[..at], out var value) && value == label[(at + 1)..]
        : image.Labels.ContainsKey(label);

    private static async Task<Results<Ok<T>, Problem>> AnswerAsync<T>(string host, CurrentActor caller, Targets targets, Func<Actor, HostId, Task<Result<T>>> ask, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var answer = targets.Host(actor, host) is { Error: { } missing } ? missing : await ask(actor, new(host));
        return answer.Error is { } error ? error.ToProblem() : TypedResults.Ok(answer.Value);
    }
}
