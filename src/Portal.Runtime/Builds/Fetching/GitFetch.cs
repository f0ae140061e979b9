using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Copying;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Builds.Fetching;

/// <summary>
/// Fetches git repositories with the git program, where that is installed: one commit and its submodules, over http and https, no hooks, and
/// nothing of the machine's own settings. Every connection goes through a <see cref="FetchProxy"/>.
/// </summary>
internal sealed class GitFetch(RuntimeOptions options, OutboundPolicy policy)
{
    /// <summary>Fetches a commit into a folder.</summary>
    /// <param name="address">What.</param>
    /// <param name="folder">Where to; it is made. A file and a folder beside it are used meanwhile.</param>
    /// <param name="keepGit">The repository's own folder stays.</param>
    /// <param name="ct">Ends git.</param>
    /// <returns>The commit.</returns>
    /// <exception cref="ErrorException">400: it cannot be had.</exception>
    public async Task<string> GetAsync(GitAddress address, string folder, bool keepGit, CancellationToken ct)
    {
        if (!address.IsWeb)
        {
            throw Failed(address, "only http and https are spoken here, use such an address");
        }

        if (!File.Exists(options.GitPath))
        {
            throw Failed(address, $"git is not installed on this machine: there is no {options.GitPath}");
        }

        await CheckAsync(address, ct).ConfigureAwait(false);
        var proxy = new FetchProxy(policy);
        await using (proxy.ConfigureAwait(false))
        {
            var home = folder + ".home";
            Directory.CreateDirectory(folder);
            Directory.CreateDirectory(home, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            await File.WriteAllTextAsync(Path.Combine(home, ".gitconfig"), Settings(address, proxy), ct).ConfigureAwait(false);
            try
            {
                return await FetchAsync(address, folder, home, keepGit, ct).ConfigureAwait(false);
            }
            catch (ErrorException e) when (proxy.Refusal is { } refusal)
            {
                throw Failed(address, refusal, e);
            }
            finally
            {
                // It has the password of whoever is in the address.
                DirectoryTree.Delete(home);
            }
        }
    }

    private async Task CheckAsync(GitAddress address, CancellationToken ct)
    {
        try
        {
            _ = await policy.ResolveAsync(address.Host, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            throw Failed(address, e.Message, e);
        }
    }

    private async Task<string> FetchAsync(GitAddress address, string folder, string home, bool keepGit, CancellationToken ct)
    {
        await DoAsync("init", "--quiet", "--template=").ConfigureAwait(false);
        await DoAsync("remote", "add", "origin", address.Remote).ConfigureAwait(false);
        var wanted = "FETCH_HEAD";
        try
        {
            await ShallowAsync(["fetch", "--quiet", "--no-tags", "--no-recurse-submodules"], ["origin", address.Reference.Length == 0 ? "HEAD" : address.Reference]).ConfigureAwait(false);
        }
        catch (ErrorException) when (address.IsCommit)
        {
            // The server gives only what has a name.
            await DoAsync("fetch", "--quiet", "--tags", "--no-recurse-submodules", "origin", "+refs/heads/*:refs/remotes/origin/*").ConfigureAwait(false);
            wanted = address.Reference;
        }

        await DoAsync("checkout", "--quiet", "--force", wanted, "--").ConfigureAwait(false);
        if (File.Exists(Path.Combine(folder, ".gitmodules")))
        {
            await ShallowAsync(["submodule", "--quiet", "update", "--init", "--recursive"], []).ConfigureAwait(false);
        }

        var commit = await DoAsync("rev-parse", "HEAD").ConfigureAwait(false);
        if (!keepGit)
        {
            DeleteRepositories(folder, ct);
        }

        return commit;

        // One commit where the server can give it; one that is plain files gives all.
        async Task ShallowAsync(string[] command, string[] what)
        {
            try
            {
                await DoAsync([.. command, "--depth=1", .. what]).ConfigureAwait(false);
            }
            catch (ErrorException e) when (e.Message.Contains("shallow", StringComparison.Ordinal))
            {
                await DoAsync([.. command, .. what]).ConfigureAwait(false);
            }
        }

        Task<string> DoAsync(params string[] arguments) => RunAsync(address, folder, home, arguments, ct);
    }

    /// <summary>Nothing that is checked out can have this name: it is git's own, in submodules too.</summary>
    private static void DeleteRepositories(string folder, CancellationToken ct)
    {
        DirectoryTree.Delete(Path.Combine(folder, ".git"));
        using var tree = new SourceTree(folder, new([]), keepsOwners: false);
        foreach (var path in TreeWalk.Below(tree, "", tree.Root, new([])).Where(node => node.Path.AsSpan().EndsWith("/.git"u8)).Select(node => node.Path).ToArray())
        {
            ct.ThrowIfCancellationRequested();
            if (Libc.OpenInRoot(tree.Root, path.AsSpan(0, path.Length - "/.git".Length), Libc.OpenPath | Libc.OpenDirectory, followLinks: false, out var parent) == 0)
            {
                using (parent)
                {
                    _ = Libc.UnlinkAt(parent!, ".git"u8, isDirectory: false);
                }
            }
        }
    }

    /// <summary>In a file and not on a command line, where everybody on the machine could read it.</summary>
    private static string Settings(GitAddress address, FetchProxy proxy)
    {
        var text = new StringBuilder()
            .Append("[http]\n\tproxy = ").Append(proxy.Address).Append("\n\tlowSpeedLimit = 1\n\tlowSpeedTime = 60\n")
            .Append("[core]\n\thooksPath = /dev/null\n\tsymlinks = true\n\taskPass = /bin/false\n")
            .Append("[advice]\n\tdetachedHead = false\n[init]\n\tdefaultBranch = main\n[safe]\n\tdirectory = *\n");
        if (address.Login is { } login)
        {
            text.Append("[url \"").Append(login).Append("\"]\n\tinsteadOf = \"").Append(address.Origin).Append("\"\n");
        }

        return text.ToString();
    }

    private async Task<string> RunAsync(GitAddress address, string folder, string home, string[] arguments, CancellationToken ct)
    {
        var (said, complained) = (Path.Combine(home, "said"), Path.Combine(home, "complained"));
        using (var output = File.OpenHandle(said, FileMode.Create, FileAccess.Write, FileShare.Read))
        using (var errors = File.OpenHandle(complained, FileMode.Create, FileAccess.Write, FileShare.Read))
        {
            // The modes of what is checked out are those of the repository, whatever mask the engine was started with.
            using var git = ChildProcess.Start(new("/bin/sh", ["-c", "umask 022 && exec \"$@\"", "sh", options.GitPath, .. arguments])
            {
                Environment =
                [
                    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=" + home, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
                    "GIT_ALLOW_PROTOCOL=http:https", "GIT_ATTR_NOSYSTEM=1",
                ],
                Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [1] = output, [2] = errors },
                WorkingDirectory = folder,
            });
            try
            {
                if (await git.WaitAsync(ct).ConfigureAwait(false) == 0)
                {
                    return (await File.ReadAllTextAsync(said, ct).ConfigureAwait(false)).Trim();
                }
            }
            catch (OperationCanceledException)
            {
                git.KillAll();
                _ = await git.WaitAsync(CancellationToken.None).ConfigureAwait(false);
                throw;
            }
        }

        var text = (await File.ReadAllTextAsync(complained, ct).ConfigureAwait(false)).Trim();
        throw Failed(address, text.Length > 500 ? "…" + text[^500..] : text);
    }

    private static ErrorException Failed(GitAddress address, string reason, Exception? inner = null) =>
        new(ErrorKind.Invalid, "build.git", $"failed to fetch the git repository on {address.Host}: {reason}", inner);
}
