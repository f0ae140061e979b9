using Portal.Domain.Primitives;
using Portal.Runtime.Layers;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Images;

internal sealed partial class ImageStore
{
    /// <summary>Makes an image of another one and a layer on top: all of it or nothing.</summary>
    /// <param name="parent">Id of the other one.</param>
    /// <param name="layer">Writes the layer's archive; says whether there is anything in it.</param>
    /// <param name="commit">What the new one is like.</param>
    /// <param name="ct">Cancels; nothing is left.</param>
    /// <exception cref="ErrorException">404: the other one is not in the store any more.</exception>
    /// <returns>The new image, and its tag in the familiar form; empty without one.</returns>
    public async Task<(Digest Id, string Reference)> CommitAsync(Digest parent, Func<TarWriter, bool> layer, ImageCommit commit, CancellationToken ct)
    {
        ImageReference[] references = string.IsNullOrEmpty(commit.Repository) ? [] : [Target(commit.Repository, commit.Tag)];
        var below = _catalogue.Find(parent) ?? throw ImageErrors.NotFound(parent.ToString());
        using var pins = _content.Pin(below.Blobs);
        var (document, diffIds) = ImageDocument.ParseConfig(_content.Read(below.Id, ImageDocument.MaximumBytes));
        var isEmpty = true;
        var blob = await ArchiveThread.RunAsync(
            () => _content.Stage(
                output =>
                {
                    var tar = new TarWriter(output);
                    isEmpty = !layer(tar);
                    tar.End();
                },
                SpaceBudget.For(_content.StagingFolder)),
            ct).ConfigureAwait(false);
        try
        {
            if (!isEmpty && diffIds.Count == OverlayLayerStore.MaximumLayers)
            {
                throw ArchiveErrors.TooBig($"the image has {diffIds.Count} layers already, at most {OverlayLayerStore.MaximumLayers} are possible");
            }

            var step = new OciHistory
            {
                Created = _time.GetUtcNow(),
                Author = commit.Author.Length == 0 ? null : commit.Author,
                CreatedBy = commit.CreatedBy,
                Comment = commit.Comment.Length == 0 ? null : commit.Comment,
                EmptyLayer = isEmpty ? true : null,
            };
            Digest[] all = isEmpty ? [.. diffIds] : [.. diffIds, blob.Digest];
            var config = ImageDocument.CommittedConfig(document, commit.Config, step, commit.Author, all);
            StagedBlob[] layers = isEmpty ? [.. below.Layers.Select(_content.Find)] : [.. below.Layers.Select(_content.Find), blob];
            var manifest = ImageDocument.Manifest(Digest.Of(config), config.Length, layers.Select(l => (l.Digest, l.Size, PackedLayers.PackingOf(l))));
            var tag = references.FirstOrDefault()?.Familiar;
            return (await CommitAsync(new NewImage(config, manifest, [.. layers.Select(IncomingLayer.Of)], references, below.Id), tag is null ? "create" : "tag", tag, ct).ConfigureAwait(false), tag ?? "");
        }
        finally
        {
            ContentStore.Discard(blob);
        }
    }
}

/// <summary>What an image made by a commit is like.</summary>
/// <param name="Repository">Null or empty for an image without a tag.</param>
/// <param name="Tag">Null for the default.</param>
/// <param name="Author">May be empty.</param>
/// <param name="Comment">May be empty.</param>
/// <param name="CreatedBy">What led to the layer.</param>
/// <param name="Config">Defaults for containers.</param>
internal sealed record ImageCommit(string? Repository, string? Tag, string Author, string Comment, string CreatedBy, ImageConfig Config);
