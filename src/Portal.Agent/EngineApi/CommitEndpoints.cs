using Portal.Agent.EngineApi.Mapping;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;
using Portal.Runtime.Files;

namespace Portal.Agent.EngineApi;

/// <summary>Images made of containers.</summary>
internal sealed class CommitEndpoints(IContainerFiles files)
{
    public void Map(RouteTable routes) => routes.Post("commit", CommitAsync);

    private async Task CommitAsync(EngineRequest request)
    {
        var body = await request.ReadAsync(EngineBody.Strict.ContainerConfig);
        var container = request.Query("container") ?? throw EngineErrors.Invalid("commit.container", "bad parameter: container cannot be empty");
        var changes = request.QueryAll("changes");
        var (repository, tag) = Name(request.Query("repo"), request.Query("tag"));
        var id = await files.CommitAsync(
            container,
            new(
                repository, tag, request.Query("author") ?? "", request.Query("comment") ?? "", request.Flag("pause", otherwise: true),
                own => CommitMapping.Merge(ImageChanges.Apply(body is null ? own : CommitMapping.Map(body), changes), own)),
            request.Aborted);
        await request.Json(new() { Id = id.ToString() }, EngineJson.Default.IdResponse, StatusCodes.Status201Created);
    }

    private static (string? Repository, string? Tag) Name(string? repository, string? tag)
    {
        if (repository is null)
        {
            return (null, null);
        }

        if (!ImageReference.TryParse(repository, out var reference, out var problem))
        {
            throw EngineErrors.Invalid("image.reference", problem);
        }

        return reference.Digest is null
            ? (reference.FamiliarRepository, tag ?? reference.Tag)
            : throw EngineErrors.Invalid("image.reference", "refusing to create a tag with a digest reference");
    }
}
