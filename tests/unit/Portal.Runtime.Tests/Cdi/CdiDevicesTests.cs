using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Cdi;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Tests.Cdi;

public sealed class CdiDevicesTests : IDisposable
{
    private static readonly OciSpec s_config = new()
    {
        Process = new() { User = new(1000, 100, [5]), Args = ["true"], Env = ["PATH=/bin", "GPU=none"], Cwd = "/", Capabilities = new([], [], [], [], []) },
        Root = new("/r", false),
        Mounts = [new("/proc", "proc", "proc", []), new("/opt/lib", "tmpfs", "tmpfs", []), new("/data", "bind", "/h", [])],
        Linux = new() { Namespaces = [], Resources = new() { Devices = [new(false, "rwm")] }, CgroupsPath = "/c" },
    };

    private readonly string _root = Directory.CreateTempSubdirectory("cdi").FullName;
    private readonly CdiRegistry _registry;

    public CdiDevicesTests() => _registry = new(new() { CdiSpecFolders = [_root + "/etc", _root + "/run", _root + "/absent"] }, NullLogger<CdiRegistry>.Instance);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Read_Folders_LaterReplacesEarlier()
    {
        Write("etc/a.json", "a.b/c", ("one", "env: [x=etc]"), ("two", "env: [x=etc]"));
        Write("run/b.yaml", "a.b/c", ("two", "env: [x=run]"));
        Write("run/ignored.txt", "a.b/c", ("three", "env: [x=run]"));

        var devices = _registry.Read();

        Assert.Equal(["a.b/c=one x=etc", "a.b/c=two x=run"], devices.Devices.Select(d => $"{d.Key} {d.Value.Device.ContainerEdits!.Env![0]}"));
        Assert.Empty(devices.Errors);
        Assert.True(devices.HasKind("a.b/c"));
        Assert.False(devices.HasKind("a.b/cc"));
    }

    [Fact]
    public void Read_TwoFilesOfAFolder_ConflictAndNeitherCounts()
    {
        Write("etc/a.json", "a.b/c", ("one", "env: [x=1]"), ("two", "env: [x=1]"));
        Write("etc/b.json", "a.b/c", ("one", "env: [x=2]"));
        File.WriteAllText(_root + "/etc/bad.yaml", "{");

        var devices = _registry.Read();

        Assert.Equal(["a.b/c=two"], devices.Devices.Keys);
        Assert.Equal(2, devices.Errors.Count);
        Assert.Contains(devices.Errors, error => error.StartsWith("conflicting device \"a.b/c=one\"", StringComparison.Ordinal));
        Assert.Contains(devices.Errors, error => error.StartsWith($"failed to load CDI Spec {_root}/etc/bad.yaml: ", StringComparison.Ordinal));
    }

    [Fact]
    public void Apply_Devices_ChangesTheConfiguration()
    {
        Write(
            "etc/a.yaml", "a.b/c",
            ("one", "deviceNodes: [{path: /dev/x, hostPath: /dev/null, permissions: r}, {path: /dev/y, type: c, major: 5, minor: 6, fileMode: 0600, uid: 3, gid: 4, permissions: none}]"),
            ("two", "{env: [GPU=two], additionalGids: [0, 7], mounts: [{hostPath: /h/lib, containerPath: /opt/lib}, {hostPath: /h/d, containerPath: /data}], hooks: [{hookName: poststop, path: /hook, args: [h]}]}"));

        var config = new CdiInjection(_registry).Apply(s_config, Asking("a.b/c=one", "a.b/c=two", "a.b/c=one"), new HashSet<string> { "/data" });

        Assert.Equal([new("/dev/x", "c", 1, 3, 0x1B6, 1000, 100), new("/dev/y", "c", 5, 6, 0x180, 3, 4)], config.Linux.Devices!);
        Assert.Equal([new(false, "rwm"), new(true, "r", "c", 1, 3)], config.Linux.Resources.Devices!);
        Assert.Equal(["PATH=/bin", "GPU=two"], config.Process.Env);
        Assert.Equal([5u, 7u], config.Process.User.AdditionalGids!);
        Assert.Equal(["/proc proc", "/data /h", "/opt/lib /h/lib"], config.Mounts.Select(mount => $"{mount.Destination} {mount.Source}"));
        Assert.Equal("""{"poststop":[{"path":"/hook","args":["h"]}]}""", JsonSerializer.Serialize(config.Hooks, OciJson.Default.OciHooks));
    }

    [Theory]
    [InlineData("a.b/c=three", "CDI device injection failed: unresolvable CDI devices a.b/c=three")]
    [InlineData("a.b/c=gone", "CDI device injection failed: failed to stat CDI host device \"/dev/does-not-exist\": no such file or directory")]
    [InlineData("a.b/c=kind", "CDI device injection failed: CDI device (\"/dev/z\", \"/dev/null\"), host type mismatch (b, c)")]
    [InlineData("a.b/c=rdt", "CDI device injection failed: device a.b/c=rdt needs intelRdt, which this engine does not set")]
    public void Apply_WhatCannotBe_IsRefusedByName(string device, string message)
    {
        Write("etc/a.yaml", "a.b/c", ("gone", "deviceNodes: [{path: /dev/does-not-exist}]"), ("kind", "deviceNodes: [{path: /dev/z, hostPath: /dev/null, type: b}]"), ("rdt", "intelRdt: {closID: x}"));

        var error = Assert.Throws<ErrorException>(() => new CdiInjection(_registry).Apply(s_config, Asking(device), new HashSet<string>())).Error;

        Assert.Equal((ErrorKind.Invalid, message), (error.Kind, error.Message));
    }

    public static TheoryData<DeviceRequestSpec, string, string> Requests => new()
    {
        { new("cdi", 0, ["a.b/c=d"], [], new Dictionary<string, string>()), "", "a.b/c=d" },
        { new("", -1, [], [["gpu"]], new Dictionary<string, string>()), "nvidia.com/gpu", "nvidia.com/gpu=all" },
        { new("", 2, [], [["gpu", "utility"]], new Dictionary<string, string>()), "nvidia.com/gpu", "nvidia.com/gpu=0 nvidia.com/gpu=1" },
        { new("nvidia", 0, ["3", "nvidia.com/gpu=all"], [], new Dictionary<string, string>()), "nvidia.com/gpu", "nvidia.com/gpu=3 nvidia.com/gpu=all" },
        { new("", -1, [], [["gpu"]], new Dictionary<string, string>()), "amd.com/gpu", "amd.com/gpu=all" },
    };

    [Theory, MemberData(nameof(Requests), DisableDiscoveryEnumeration = true)]
    public void Resolve_Requests_AreDevices(DeviceRequestSpec request, string kind, string devices) => Assert.Equal(devices, string.Join(' ', DeviceRequests.Resolve(request, k => k == kind)));

    public static TheoryData<DeviceRequestSpec, string> Refused => new()
    {
        { new("", -1, [], [["gpu"]], new Dictionary<string, string>()), "could not select device driver \"\" with capabilities: [[gpu]]" },
        { new("nvidia", -1, [], [["gpu", "utility"], ["tpu"]], new Dictionary<string, string>()), "could not select device driver \"nvidia\" with capabilities: [[gpu utility] [tpu]]" },
        { new("cdi", 1, ["a.b/c=d"], [], new Dictionary<string, string>()), "unexpected count in CDI device request" },
        { new("cdi", 0, ["a.b/c=d"], [], new Dictionary<string, string> { ["a"] = "b" }), "unexpected options in CDI device request" },
    };

    [Theory, MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public void Resolve_NoSuchDriver_IsRefusedInDockersWords(DeviceRequestSpec request, string message) =>
        Assert.Equal(message, Assert.Throws<ErrorException>(() => DeviceRequests.Resolve(request, _ => false)).Message);

    [Fact]
    public void Resolve_CountAndIds_IsAContradiction() => Assert.Equal(
        "cannot set both Count and DeviceIDs on device request",
        Assert.Throws<ErrorException>(() => DeviceRequests.Resolve(new("", 1, ["0"], [["gpu"]], new Dictionary<string, string>()), _ => true)).Message);

    private static ContainerSpec Asking(params string[] devices) =>
        new() { Image = "x", DeviceRequests = [new("cdi", 0, devices, [], new Dictionary<string, string>())] };

    private void Write(string path, string kind, params (string Name, string Edits)[] devices)
    {
        var file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, $"cdiVersion: 0.8.0\nkind: {kind}\ndevices:\n" + string.Concat(devices.Select(d => $"- name: {d.Name}\n  containerEdits: {(d.Edits.StartsWith('{') ? d.Edits : $"{{{d.Edits}}}")}\n")));
    }
}
