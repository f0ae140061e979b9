using Portal.E2E;

namespace Portal.Engine.E2E.Builds;

/// <summary>Engines that images are exchanged with, and the registry between them.</summary>
public sealed class OtherEngines(Engine engine) : IAsyncLifetime
{
    private DockerDaemon? _daemon;
    private DockerCli? _podman;

    public RegistryServer Registry { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var busybox = Path.Combine(engine.Root, "busybox.tar");
        Registry = await RegistryServer.StartAsync();
        _daemon = await DockerDaemon.TryStartAsync(Path.Combine(engine.Root, "other-dockerd"), busybox);
        _podman = await Podman.TryStartAsync(PodmanRoot, busybox, Registry.Host);
    }

    /// <summary>The client of one, and the options that its builds need; the test is skipped where this machine does not have it.</summary>
    public (DockerCli Client, string[] BuildOptions) Find(string name)
    {
        var client = name == "podman" ? _podman : _daemon?.Docker.With("DOCKER_BUILDKIT", "0");
        Assert.SkipWhen(client is null, $"{name} is not installed or cannot run here.");
        return (client!, name == "podman" ? Podman.BuildOptions : ["--network", "none"]);
    }

    public async ValueTask DisposeAsync()
    {
        if (_daemon is not null)
        {
            await _daemon.DisposeAsync();
        }

        if (Directory.Exists(PodmanRoot))
        {
            Directory.Delete(PodmanRoot, recursive: true);
        }

        await Registry.DisposeAsync();
    }

    private string PodmanRoot => Path.Combine(engine.Root, "other-podman");
}
