using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Builds.Fetching;

/// <summary>Fetches git repositories with the git program, where that is installed: one commit, no hooks, no other protocols than asked for, no submodules.</summary>
internal sealed class GitFetch(OutboundPolicy policy)
{
    private const string Program = "/usr/bin/git";

    /// <summary>Fetches a commit into a folder.</summary>
    /// <param name="address">What.</param>
    /// <param name="folder">Where to; it is made.</param>
    /// <param name="keepGit">The repository's own folder stays.</param>
    /// <param name="ct">Ends git.</param>
    /// <returns>The commit.</returns>
    /// <exception cref="ErrorException">400: it cannot be had.</exception>
    public async Task<string> GetAsync(GitAddress address, string folder, bool keepGit, CancellationToken ct)
    {
        if (!File.Exists(Program))
        {
            throw Failed(address, $"git is not installed on this machine ({Program})");
        }

        try
        {
            _ = await policy.ResolveAsync(address.Host, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            throw Failed(address, e.Message, e);
        }

        Directory.CreateDirectory(folder);
        await RunAsync(address, folder, ct, "init", "--quiet", "--template=").ConfigureAwait(false);
        await RunAsync(address, folder, ct, "fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", address.Remote, address.Reference.Length == 0 ? "HEAD" : address.Reference)
            .ConfigureAwait(false);
        await RunAsync(address, folder, ct, "-c", "advice.detachedHead=false", "checkout", "--quiet", "FETCH_HEAD").ConfigureAwait(false);
        var commit = (await File.ReadAllTextAsync(Path.Combine(folder, ".git", "FETCH_HEAD"), ct).ConfigureAwait(false)).Split('\t')[0].Trim();
        if (!keepGit)
        {
            DirectoryTree.Delete(Path.Combine(folder, ".git"));
        }

        return commit;
    }

    private static async Task RunAsync(GitAddress address, string folder, CancellationToken ct, params string[] arguments)
    {
        var messages = folder + ".log";
        using (var log = File.OpenHandle(messages, FileMode.Create, FileAccess.Write, FileShare.Read))
        {
            using var git = ChildProcess.Start(new(Program,
            [
                "-c", "protocol.allow=never", "-c", "protocol.https.allow=always", "-c", "protocol.http.allow=always", "-c", "protocol.git.allow=always", "-c", "protocol.ssh.allow=always",
                "-c", "http.followRedirects=false", "-c", "core.hooksPath=/dev/null", "-c", "core.symlinks=true", "-c", "credential.helper=", .. arguments,
            ])
            {
                Environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/nonexistent", "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1", "GIT_SSH_COMMAND=ssh -o BatchMode=yes"],
                Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [1] = log, [2] = log },
                WorkingDirectory = folder,
            });
            try
            {
                if (await git.WaitAsync(ct).ConfigureAwait(false) == 0)
                {
                    return;
                }
            }
            catch (OperationCanceledException)
            {
                git.Handle.Signal(Containers.SignalName.Kill);
                throw;
            }
        }

        var text = await File.ReadAllTextAsync(messages, ct).ConfigureAwait(false);
        throw Failed(address, text.Length > 500 ? text[^500..].Trim() : text.Trim());
    }

    private static ErrorException Failed(GitAddress address, string reason, Exception? inner = null) =>
        new(ErrorKind.Invalid, "build.git", $"failed to fetch the git repository on {address.Host}: {reason}", inner);
}
