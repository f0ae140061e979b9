using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>An agent with a mirror of Docker Hub and folders of certificates.</summary>
public sealed class SettingsEngine() : AgentProcess(12)
{
    public int MirrorPort { get; } = RegistryServer.FreePort();

    public int ProxyPort { get; } = RegistryServer.FreePort();

    public string Certificates => Path.Combine(Root, "certs.d");

    protected override IReadOnlyList<string> Options =>
    [
        "--registry-mirror", $"http://127.0.0.1:{MirrorPort}", "--registry-ca-dir", Certificates, "--insecure-registry", "198.51.100.0/24", "--max-concurrent-downloads", "2",
        "--http-proxy", $"http://127.0.0.1:{ProxyPort}", "--insecure-registry", "beyond.example", "--no-proxy", "near.example",
    ];
}

public sealed class RegistrySettingTests(SettingsEngine engine) : IClassFixture<SettingsEngine>
{
    [Fact]
    public async Task Mirror_IsAskedBeforeDockerHub()
    {
        await using var mirror = await RegistryServer.StartAsync(port: engine.MirrorPort);
        await PushAsync($"{mirror.Host}/library/mirrored:1");

        (await engine.Docker.RunAsync("pull", "mirrored:1")).Succeeded();

        Assert.Contains($"mirrored@{await mirror.DigestAsync("library/mirrored:1")}", (await engine.Docker.RunAsync("image", "inspect", "--format", "{{range .RepoDigests}}{{println .}}{{end}}", "mirrored:1")).Succeeded().Lines);
        var info = (await engine.Docker.RunAsync("info", "--format", "{{json .RegistryConfig}}")).Succeeded().Line;
        Assert.Contains($"\"Mirrors\":[\"http://127.0.0.1:{engine.MirrorPort}/\"]", info, StringComparison.Ordinal);
        Assert.Contains("\"198.51.100.0/24\"", info, StringComparison.Ordinal);
        (await engine.Docker.RunAsync("rmi", "mirrored:1", $"{mirror.Host}/library/mirrored:1")).Succeeded();
    }

    [Fact]
    public async Task Certificate_IsTrustedOnceItsAuthorityIsLaidDown()
    {
        var address = NetworkInterface.GetAllNetworkInterfaces().SelectMany(n => n.GetIPProperties().UnicastAddresses).Select(a => a.Address)
            .FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a) && a.GetAddressBytes() is not [169, 254, ..]);
        Assert.SkipWhen(address is null, "this machine has loopback only, whose registries need no certificate");
        var folder = Path.Combine(engine.Root, "tls");
        Directory.CreateDirectory(folder);
        var authority = WriteCertificates(folder, address!);
        await using var server = await RegistryServer.StartAsync(tls: $"{{certificate: {folder}/cert.pem, key: {folder}/key.pem}}", address: address!.ToString());
        var image = $"{server.Host}/private:1";
        (await engine.Docker.RunAsync("tag", "busybox", image)).Succeeded();

        Assert.Contains("certificate", (await engine.Docker.RunAsync("push", image)).Err, StringComparison.OrdinalIgnoreCase);
        Directory.CreateDirectory(Path.Combine(engine.Certificates, server.Host));
        await File.WriteAllTextAsync(Path.Combine(engine.Certificates, server.Host, "ca.crt"), authority);
        (await engine.Docker.RunAsync("push", image)).Succeeded();
        (await engine.Docker.RunAsync("rmi", image)).Succeeded();
        (await engine.Docker.RunAsync("pull", image)).Succeeded();
        (await engine.Docker.RunAsync("rmi", image)).Succeeded();
    }

    [Fact]
    public async Task Registry_BeyondAProxy_IsReachedThroughIt()
    {
        await using var registry = await RegistryServer.StartAsync();
        await using var proxy = new SlowRelay(registry.Host, engine.ProxyPort);
        await PushAsync("beyond.example/proxied:1");
        (await engine.Docker.RunAsync("rmi", "beyond.example/proxied:1")).Succeeded();
        (await engine.Docker.RunAsync("pull", "beyond.example/proxied:1")).Succeeded();

        Assert.Contains(await registry.DigestAsync("proxied:1"), (await engine.Docker.RunAsync("image", "inspect", "--format", "{{.RepoDigests}}", "beyond.example/proxied:1")).Succeeded().Line);
        Assert.Equal($"http://127.0.0.1:{engine.ProxyPort} near.example", (await engine.Docker.RunAsync("info", "--format", "{{.HTTPProxy}} {{.NoProxy}}")).Succeeded().Line);
        (await engine.Docker.RunAsync("rmi", "beyond.example/proxied:1")).Succeeded();
    }

    private async Task PushAsync(string image)
    {
        (await engine.Docker.RunAsync("tag", "busybox", image)).Succeeded();
        (await engine.Docker.RunAsync("push", image)).Succeeded();
    }

    /// <summary>A certificate for an address, and the authority that made it.</summary>
    private static string WriteCertificates(string folder, IPAddress address)
    {
        var (begin, end) = (DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using var authority = request.CreateSelfSigned(begin, end);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        request = new("CN=registry", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        using var leaf = request.Create(authority, begin, end, [1, 2, 3, 4]);
        File.WriteAllText(Path.Combine(folder, "cert.pem"), leaf.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "key.pem"), key.ExportECPrivateKeyPem());
        return authority.ExportCertificatePem();
    }
}
