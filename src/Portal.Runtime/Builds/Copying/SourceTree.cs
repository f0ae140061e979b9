using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Builds.Copying;

/// <summary>A tree that COPY, ADD and mounts take files from: a context, a stage, an image. Hostile: every step is resolved inside of it.</summary>
/// <param name="root">Absolute path.</param>
/// <param name="ignore">What does not count as there.</param>
/// <param name="keepsOwners">Files keep their owners; those of a client are root's.</param>
internal sealed class SourceTree(string root, IgnorePatterns ignore, bool keepsOwners) : IDisposable
{
    private readonly PathInRoot _root = new(root);

    public SafeFileHandle Root => _root.Root;

    public bool KeepsOwners => keepsOwners;

    public bool IsIgnored(string path) => !ignore.IsEmpty && ignore.Matches(path);

    /// <summary>Something in a folder that is left out may not be.</summary>
    public bool MayHoldExceptions => ignore.HasExceptions;

    public void Dispose() => _root.Dispose();

    /// <summary>A descriptor of what a path leads to, every link on the way followed, as the last one is where it is asked for.</summary>
    public Errno TryOpen(string path, bool followLast, out SafeFileHandle? node)
    {
        var bytes = Encoding.UTF8.GetBytes(path.Length == 0 ? "." : path);
        if (followLast || path.Length == 0)
        {
            return Libc.OpenInRoot(Root, bytes, Libc.OpenPath, followLinks: true, out node);
        }

        node = null;
        var slash = path.LastIndexOf('/');
        var errno = Libc.OpenInRoot(Root, Encoding.UTF8.GetBytes(slash < 0 ? "." : path[..slash]), Libc.OpenPath | Libc.OpenDirectory, followLinks: true, out var parent);
        using (parent)
        {
            return errno != 0 ? errno : Libc.OpenNode(parent!, Encoding.UTF8.GetBytes(path[(slash + 1)..]), out node);
        }
    }

    /// <summary>The absolute path on this machine of what a path leads to, which is inside of the root.</summary>
    public string? RealPath(string path)
    {
        if (TryOpen(path, followLast: true, out var node) != 0)
        {
            return null;
        }

        using (node)
        {
            return new FileInfo($"/proc/self/fd/{node!.DangerousGetHandle()}").LinkTarget;
        }
    }

    /// <summary>A path of an instruction as one inside: without its slash, ".." taken back as text.</summary>
    public static string Clean(string path) => string.Join('/', Parts(path));

    /// <summary>Paths that a pattern matches, in order.</summary>
    /// <exception cref="ErrorException">400: the pattern is malformed.</exception>
    public IReadOnlyList<string> Glob(string pattern, bool spans, int line)
    {
        PathPattern glob;
        PathPattern[] steps;
        try
        {
            glob = new(pattern, spans);
            steps = [.. pattern.Split('/').TakeWhile(step => !spans || !step.Contains("**", StringComparison.Ordinal)).Select(step => new PathPattern(step, spans: false))];
        }
        catch (FormatException e)
        {
            throw new BuildFailure(new(ErrorKind.Invalid, "build.pattern", e.Message), line);
        }

        var found = new List<string>();
        var depth = spans && pattern.Contains("**", StringComparison.Ordinal) ? int.MaxValue : steps.Length;
        Walk("", 1);
        found.Sort(StringComparer.Ordinal);
        return found;

        void Walk(string folder, int level)
        {
            foreach (var (name, kind) in Names(folder))
            {
                var path = folder.Length == 0 ? name : $"{folder}/{name}";
                if (level <= steps.Length && !steps[level - 1].Matches(name))
                {
                    continue;
                }

                if (glob.Matches(path) && !IsIgnored(path))
                {
                    found.Add(path);
                }

                if (level < depth && path.Length < PathInRoot.MaximumPath && kind is FileKind.Directory or FileKind.SymbolicLink && (kind == FileKind.Directory || depth < int.MaxValue))
                {
                    Walk(path, level + 1);
                }
            }
        }
    }

    private List<(string Name, FileKind Kind)> Names(string folder)
    {
        if (Libc.OpenInRoot(Root, Encoding.UTF8.GetBytes(folder.Length == 0 ? "." : folder), Libc.OpenReadOnly | Libc.OpenDirectory, followLinks: true, out var handle) != 0)
        {
            return [];
        }

        using (handle)
        {
            var names = new List<(byte[] Name, FileKind Kind)>();
            return Libc.ReadDirectory(handle!, names) != 0 ? [] : [.. names.Select(entry => (Encoding.UTF8.GetString(entry.Name), entry.Kind))];
        }
    }

    private static List<string> Parts(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part == "..")
            {
                if (parts.Count > 0)
                {
                    parts.RemoveAt(parts.Count - 1);
                }
            }
            else if (part is not ("" or "."))
            {
                parts.Add(part);
            }
        }

        return parts;
    }
}
