using System.Diagnostics;
using System.Net;
using System.Text;
using Portal.E2E;

namespace Portal.Engine.E2E.Builds;

/// <summary>
/// Repositories over http on this machine: <c>/smart</c> by git's own program for servers, <c>/plain</c> as files, <c>/private</c> for those
/// who know the password, <c>/away</c> with a redirect to another machine.
/// </summary>
public sealed class GitServer : IAsyncLifetime
{
    private readonly HttpListener _listener = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-git-").FullName;

    public string Address { get; } = $"http://127.0.0.1:{RegistryServer.FreePort()}";

    /// <summary>The commit that has the tag <c>v1</c>.</summary>
    public string First { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        // The library first: the repository has a commit of it as a submodule.
        var script = $$"""
            set -e
            export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b HOME={{_folder}}
            git init -q -b main lib && cd lib && echo library > l && git add . && git commit -qm lib && lib=$(git rev-parse HEAD) && cd ..
            git init -q -b main repo && cd repo && mkdir sub lib && echo one > f && printf 'FROM busybox\nCOPY . /src/\n' > Dockerfile && echo go > run.sh && chmod 755 run.sh
            printf 'FROM busybox\nCOPY g /g\n' > sub/Dockerfile && echo sub > sub/g && ln -s f link && ln -s /etc out && ln -s ../../../../../../../etc up
            printf '[submodule "lib"]\n\tpath = lib\n\turl = ../lib.git\n' > .gitmodules && git update-index --add --cacheinfo 160000,$lib,lib
            git add . && git commit -qm one && git tag v1 && echo two > f && git commit -qam two
            git checkout -qb other && echo other > f && git commit -qam other && git checkout -q main && cd ..
            git init -q -b main bad && cd bad && mkdir lib && printf 'FROM busybox\n' > Dockerfile
            printf '[submodule "lib"]\n\tpath = lib\n\turl = http://127.0.0.2:1/lib.git\n' > .gitmodules && git update-index --add --cacheinfo 160000,$lib,lib && git add . && git commit -qm bad && cd ..
            for name in lib repo bad; do git clone -q --bare $name $name.git && git -C $name.git update-server-info; done
            git -C repo rev-parse v1
            """;
        First = (await ChildProcess.RunAsync("sh", ["-c", $"cd {_folder}; {script}"])).Succeeded().Lines[^1];
        _listener.Prefixes.Add(Address + "/");
        _listener.Start();
        _ = ServeAsync();
    }

    public ValueTask DisposeAsync()
    {
        _listener.Close();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            var exchange = await _listener.GetContextAsync();
            _ = Task.Run(() => AnswerAsync(exchange));
        }
    }

    private async Task AnswerAsync(HttpListenerContext exchange)
    {
        var (request, response) = (exchange.Request, exchange.Response);
        var parts = request.Url!.AbsolutePath.Split('/', 3);
        var path = "/" + parts[2];
        switch (parts[1])
        {
            case "away":
                response.Redirect("http://127.0.0.2:1" + request.RawUrl);
                break;
            case "private" when request.Headers["Authorization"] != "Basic " + Convert.ToBase64String("joe:s3cret"u8):
                response.StatusCode = 401;
                response.Headers["WWW-Authenticate"] = "Basic realm=\"git\"";
                break;
            case "plain" when !File.Exists(_folder + path):
                response.StatusCode = 404;
                break;
            case "plain":
                await response.OutputStream.WriteAsync(await File.ReadAllBytesAsync(_folder + path));
                break;
            default:
                await RunAsync(request, response, path);
                break;
        }

        response.Close();
    }

    private async Task RunAsync(HttpListenerRequest request, HttpListenerResponse response, string path)
    {
        using var git = Process.Start(new ProcessStartInfo("sh", ["-c", "exec git http-backend 2>/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment =
            {
                ["GIT_PROJECT_ROOT"] = _folder, ["GIT_HTTP_EXPORT_ALL"] = "1", ["PATH_INFO"] = path, ["QUERY_STRING"] = request.Url!.Query.TrimStart('?'), ["REQUEST_METHOD"] = request.HttpMethod,
                ["CONTENT_TYPE"] = request.ContentType ?? "", ["HTTP_CONTENT_ENCODING"] = request.Headers["Content-Encoding"] ?? "", ["GIT_PROTOCOL"] = request.Headers["Git-Protocol"] ?? "",
            },
        })!;
        await request.InputStream.CopyToAsync(git.StandardInput.BaseStream);
        git.StandardInput.Close();
        using var answer = new MemoryStream();
        await git.StandardOutput.BaseStream.CopyToAsync(answer);
        await git.WaitForExitAsync();
        var bytes = answer.ToArray();
        var end = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
        foreach (var line in Encoding.ASCII.GetString(bytes, 0, end).Split("\r\n").Select(line => line.Split(": ", 2)))
        {
            if (line[0] == "Status")
            {
                response.StatusCode = int.Parse(line[1][..3], null);
            }
            else
            {
                response.Headers[line[0]] = line[1];
            }
        }

        await response.OutputStream.WriteAsync(bytes.AsMemory(end + 4));
    }
}
