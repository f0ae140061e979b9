using System.Net;
using System.Net.Sockets;

namespace Portal.E2E;

/// <summary>Debian's docker-registry with a store and a port of its own.</summary>
public sealed class RegistryServer : IAsyncDisposable
{
    private readonly string _folder;
    private readonly ChildProcess _process;

    private RegistryServer(string folder, string host, ChildProcess process) => (_folder, Host, _process) = (folder, host, process);

    /// <summary>As references name it: address and port.</summary>
    public string Host { get; }

    /// <summary>Starts one.</summary>
    /// <param name="auth">The <c>auth</c> section of its configuration; null for anybody.</param>
    /// <param name="tls">The <c>tls</c> section; null for plain HTTP.</param>
    /// <param name="address">Where it listens.</param>
    /// <param name="port">Its port; 0 for a free one.</param>
    public static async Task<RegistryServer> StartAsync(string? auth = null, string? tls = null, string address = "127.0.0.1", int port = 0)
    {
        var folder = Directory.CreateTempSubdirectory("portal-registry-").FullName;
        port = port == 0 ? FreePort() : port;
        await File.WriteAllLinesAsync(Path.Combine(folder, "config.yml"),
        [
            "version: 0.1",
            "log: {level: error}",
            $"storage: {{filesystem: {{rootdirectory: {folder}/store}}, delete: {{enabled: true}}}}",
            $"http: {{addr: \"{address}:{port}\"{(tls is null ? "" : $", tls: {tls}")}}}",
            auth is null ? "" : $"auth: {auth}",
        ]);
        var process = ChildProcess.Start("docker-registry", ["serve", Path.Combine(folder, "config.yml")]);
        await Patience.UntilAsync("the registry listens", async () =>
        {
            if (process.HasExited) Assert.Fail($"The registry ended: {await process.LastWordsAsync()}");
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(address, port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        });
        return new(folder, $"{address}:{port}", process);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>What skopeo says the digest of a manifest is.</summary>
    public async Task<string> DigestAsync(string image, params string[] options) =>
        (await ChildProcess.RunAsync("skopeo", ["inspect", "--tls-verify=false", .. options, "--format", "{{.Digest}}", $"docker://{Host}/{image}"])).Succeeded().Line;

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
