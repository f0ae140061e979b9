using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Builds.Copying;

/// <summary>Finds what the sources of a COPY or ADD in a tree are.</summary>
internal sealed class CopySources(SourceTree tree, CopyInstruction copy, IgnorePatterns exclude, CancellationToken ct)
{
    /// <summary>One source, of which a pattern may make many, or none.</summary>
    /// <exception cref="ErrorException">400: it is not there.</exception>
    public IEnumerable<CopyItem> Find(string source)
    {
        var pivot = copy.Parents ? source.IndexOf("/./", StringComparison.Ordinal) : -1;
        var clean = SourceTree.Clean(source);
        var kept = pivot < 0 ? clean.Length : SourceTree.Clean(source[(pivot + 3)..]).Length;
        var spans = copy.Parents;
        if (!PathPattern.IsPattern(clean))
        {
            yield return Item(clean.Replace("\\", "", StringComparison.Ordinal), clean, copy.Parents ? clean[^kept..] : null);
            yield break;
        }

        var depth = clean[..^kept].Count(c => c == '/');
        foreach (var path in tree.Glob(clean, spans, copy.Line))
        {
            yield return Item(path, source, copy.Parents ? string.Join('/', path.Split('/').Skip(depth)) : null);
        }
    }

    private CopyItem Item(string path, string asWritten, string? pivot)
    {
        if ((tree.IsIgnored(path) && !tree.MayHoldExceptions) || tree.TryOpen(path, followLast: true, out var node) != 0)
        {
            throw Missing(asWritten);
        }

        using (node)
        {
            if (Libc.StatAt(node!, [], out var facts) != 0 || (facts.Kind != FileKind.Directory && tree.IsIgnored(path)))
            {
                throw Missing(asWritten);
            }

            var name = path[(path.LastIndexOf('/') + 1)..];
            var digest = ContentDigest.Of(tree, path, node!, exclude, ct);
            if (copy.IsAdd && copy.Unpack != false && facts.Kind == FileKind.Regular && Archives.Recognise(node!) is { } packing)
            {
                return new ArchiveItem(tree, path, packing, name, digest);
            }

            return new TreeItem(tree, path, facts.Kind == FileKind.Directory, pivot, name, digest);
        }
    }

    private BuildFailure Missing(string source) => new(
        new(ErrorKind.Invalid, "build.missing", copy.From is null
            ? $"{copy.Word} failed: file not found in build context or excluded by .dockerignore: stat {source}: file does not exist"
            : $"{copy.Word} failed: stat {source}: file does not exist"),
        copy.Line);
}
