using Portal.E2E;

namespace Portal.Engine.E2E.Builds;

/// <summary>A podman with a store of its own, which takes the options of the docker client that the tests need.</summary>
internal static class Podman
{
    /// <summary>Options of a build: it runs commands without a container of its own.</summary>
    public static string[] BuildOptions { get; } = ["--isolation", "chroot", "--network", "host"];

    /// <summary>Null where podman is not installed or cannot run.</summary>
    /// <param name="root">Where it keeps everything.</param>
    /// <param name="busybox">Archive of the file system that images begin with.</param>
    /// <param name="registry">Registry that it may ask by plain HTTP.</param>
    public static async Task<DockerCli?> TryStartAsync(string root, string busybox, string registry)
    {
        if (Installed.Find("podman") is not { } program)
        {
            return null;
        }

        Directory.CreateDirectory(root);
        // It wants the docker client's settings where that one is told to have some.
        await File.WriteAllTextAsync($"{root}/config.json", "{}");
        await File.WriteAllLinesAsync($"{root}/storage.conf", ["[storage]", "driver = \"vfs\"", $"graphroot = \"{root}/store\"", $"runroot = \"{root}/run\""]);
        await File.WriteAllLinesAsync($"{root}/containers.conf", ["[engine]", "cgroup_manager = \"cgroupfs\"", "events_logger = \"none\"", $"tmp_dir = \"{root}/tmp\""]);
        await File.WriteAllLinesAsync($"{root}/registries.conf", ["[[registry]]", $"location = \"{registry}\"", "insecure = true"]);
        var podman = new DockerCli("unused", root, program)
            .With("CONTAINERS_STORAGE_CONF", $"{root}/storage.conf").With("CONTAINERS_CONF", $"{root}/containers.conf").With("CONTAINERS_REGISTRIES_CONF", $"{root}/registries.conf");
        return (await podman.RunAsync("import", busybox, "busybox:latest")).ExitCode == 0 ? podman : null;
    }
}
