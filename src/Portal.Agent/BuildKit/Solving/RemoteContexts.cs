using Portal.Agent.BuildKit.Sessions;
using Portal.Runtime.Builds.Contexts;

namespace Portal.Agent.BuildKit.Solving;

/// <summary>The contexts of one build that come from an address: each is brought when it is wanted, and deleted with this.</summary>
internal sealed class RemoteContexts(IBuildContexts contexts, ClientSession? session, bool keepGit) : IDisposable
{
    /// <summary>Addresses that mean what a client streams itself.</summary>
    private const string Upload = "http://buildkit-session/";

    private readonly List<ArchiveFiles> _opened = [];

    /// <summary>Whether a text names something that can be fetched: a repository, or an address on the web.</summary>
    public static bool IsAddress(string text) => text.StartsWith("http://", StringComparison.Ordinal) || text.StartsWith("https://", StringComparison.Ordinal)
        || text.StartsWith("git://", StringComparison.Ordinal) || text.StartsWith("git@", StringComparison.Ordinal) || text.StartsWith("ssh://", StringComparison.Ordinal)
        || text.StartsWith("github.com/", StringComparison.Ordinal);

    public ArchiveFiles Open(string address)
    {
        var files = session is not null && address.StartsWith(Upload, StringComparison.Ordinal)
            ? new ArchiveFiles(async ct =>
            {
                await using var archive = Uploads.Pull(session, address);
                return await contexts.ReceiveAsync(archive, ct);
            })
            : new ArchiveFiles(ct => contexts.FetchAsync(address, keepGit, ct));
        _opened.Add(files);
        return files;
    }

    public void Dispose() => _opened.ForEach(files => files.Dispose());
}
