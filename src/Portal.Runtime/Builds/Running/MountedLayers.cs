using Portal.Domain.Primitives;
using Portal.Runtime.Layers;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Builds.Running;

/// <summary>Layers mounted for a build, with a writable one of their own that nobody keeps.</summary>
internal sealed class MountedLayers : IDisposable
{
    private readonly ILayerStore _layers;
    private readonly ContainerId _id;

    private MountedLayers(ILayerStore layers, ContainerId id, string root) => (_layers, _id, Root) = (layers, id, root);

    /// <summary>Absolute path of the root.</summary>
    public string Root { get; }

    /// <param name="layers">The store.</param>
    /// <param name="diffIds">Layers, lowest first.</param>
    /// <param name="mappings">How owners are seen; null for as they are stored.</param>
    /// <param name="ct">Cancels; nothing is left.</param>
    public static async Task<MountedLayers> MountAsync(ILayerStore layers, IReadOnlyList<Digest> diffIds, IdMappings? mappings, CancellationToken ct)
    {
        // No container of the store has this id: what an engine that dies leaves of it is swept at the next start.
        var id = ContainerId.New();
        await layers.CreateContainerLayerAsync(id, new ContainerLayers(diffIds) { Ephemeral = true, IsMarked = false, Mappings = mappings }, ct).ConfigureAwait(false);
        try
        {
            return new(layers, id, layers.Mount(id));
        }
        catch
        {
            layers.Remove(id);
            throw;
        }
    }

    public void Dispose() => _layers.Remove(_id);
}
