using Portal.E2E;

namespace Portal.Web.E2E;

/// <summary>A registry on loopback that nobody pulls from without a password, with one image. The portal keeps the password for it.</summary>
public sealed class PrivateRegistry : IAsyncDisposable
{
    private const string Htpasswd = "joe:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n", UserName = "joe", Password = "secret";

    private readonly RegistryServer _server;
    private Func<Task> _forget = () => Task.CompletedTask;

    private PrivateRegistry(RegistryServer server) => _server = server;

    public string Host => _server.Host;

    /// <summary>Starts one, and pushes an image there that the host does not have: busybox's files, made today.</summary>
    public static async Task<PrivateRegistry> StartAsync(PortalProcess portal, string image)
    {
        var htpasswd = Path.Combine(portal.Root, "htpasswd");
        await File.WriteAllTextAsync(htpasswd, Htpasswd);
        var registry = new PrivateRegistry(await RegistryServer.StartAsync($"{{htpasswd: {{realm: test, path: {htpasswd}}}}}"));
        var name = $"{registry.Host}/{image}";
        (await portal.Docker.RunWithInputAsync(Password, "login", "-u", UserName, "--password-stdin", registry.Host)).Succeeded();
        (await portal.Docker.RunAsync("import", "-c", "CMD [\"sh\"]", Path.Combine(portal.Root, "busybox.tar"), name)).Succeeded();
        (await portal.Docker.RunAsync("push", name)).Succeeded();
        (await portal.Docker.RunAsync("rmi", name)).Succeeded();
        (await portal.Docker.RunAsync("logout", registry.Host)).Succeeded();
        return registry;
    }

    /// <summary>Gives the portal the password, for everybody or for some teams.</summary>
    public async Task MakeKnownAsync(PortalProcess portal, bool everybody = false, params string[] teams)
    {
        var admin = await portal.TokenAsync();
        var known = await Person.AskAsync(portal, HttpMethod.Post, "/registries", admin,
            new { name = "registry " + Host.Split(':')[1], address = Host, userName = UserName, password = Password, forEverybody = everybody, teams });
        _forget = () => Person.AskAsync(portal, HttpMethod.Delete, $"/registries/{known.GetProperty("id").GetString()}", admin);
    }

    public Task<string> DigestAsync(string image) => _server.DigestAsync(image, "--creds", $"{UserName}:{Password}");

    public async ValueTask DisposeAsync()
    {
        await _forget();
        await _server.DisposeAsync();
    }
}
