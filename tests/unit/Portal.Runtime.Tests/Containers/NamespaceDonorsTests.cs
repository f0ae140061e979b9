using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Linux;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Containers;

public sealed class NamespaceDonorsTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("donors").FullName;
    private readonly ContainerStore _store;
    private readonly NamespaceDonors _donors;

    public NamespaceDonorsTests()
    {
        var options = new RuntimeOptions { DataRoot = _root, RunRoot = _root };
        _store = new(options, TimeProvider.System, NullLogger<ContainerStore>.Instance);
        _donors = new(_store, new(options));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Settle_Names_BecomeIds()
    {
        var donor = Add("donor").Id.Value;
        var mode = new NamespaceMode(NamespaceKind.Container, "donor");

        var spec = _donors.Settle(new() { Image = "x", PidMode = mode, IpcMode = mode, NetworkMode = "container:donor" });

        Assert.Equal((donor, donor, "container:" + donor), (spec.PidMode.Container, spec.IpcMode.Container, spec.NetworkMode));
    }

    [Fact]
    public void Settle_AbsentDonor_IsRefusedUnlessOfTheNetwork()
    {
        var error = Assert.Throws<ErrorException>(() => _donors.Settle(new() { Image = "x", PidMode = new(NamespaceKind.Container, "nope") })).Error;

        Assert.Equal((ErrorKind.Invalid, "No such container: nope"), (error.Kind, error.Message));
        Assert.Equal("container:nope", _donors.Settle(new() { Image = "x", NetworkMode = "container:nope" }).NetworkMode);
    }

    [Fact]
    public void Join_RunningDonor_HoldsItsNamespaces()
    {
        var donor = Add("donor", state: ContainerState.Running);
        using var run = new ContainerRun(null, PidFd.TryOpen(Environment.ProcessId), new("/"), new("", 0, 0, Environment.ProcessId, 0));
        donor.Run = run;
        var mode = new NamespaceMode(NamespaceKind.Container, "donor");

        using var joined = _donors.Join(Add("joiner", new() { Image = "x", PidMode = mode, IpcMode = mode, NetworkMode = "container:donor" }).Snapshot);

        Assert.Equal(Target("/proc/self/ns/pid"), Target(joined.Pid!));
        Assert.Equal(Target("/proc/self/ns/ipc"), Target(joined.Ipc!));
        Assert.Equal(Target("/proc/self/ns/net"), Target(joined.Network!));
        Assert.StartsWith($"/proc/{Environment.ProcessId}/fd/", joined.Pid, StringComparison.Ordinal);
    }

    [Fact]
    public void Join_DonorDoesNotRun_SaysSo()
    {
        var donor = Add("donor").Id;
        Add("again", state: ContainerState.Restarting);
        var mode = new NamespaceMode(NamespaceKind.Container, "donor");

        Assert.Equal((ErrorKind.Conflict, $"cannot join PID of a non running container: {donor}"), Refusal(new() { Image = "x", PidMode = mode }));
        Assert.Equal((ErrorKind.Conflict, $"can't join IPC of container {donor}: container {donor} is not running"), Refusal(new() { Image = "x", IpcMode = mode }));
        Assert.Equal((ErrorKind.Conflict, $"cannot join network of a non running container: {donor}"), Refusal(new() { Image = "x", NetworkMode = "container:donor" }));
        Assert.Equal((ErrorKind.NotFound, "No such container: nope"), Refusal(new() { Image = "x", NetworkMode = "container:nope" }));
        Assert.EndsWith(" is restarting, wait until the container is running", Refusal(new() { Image = "x", NetworkMode = "container:again" }).Message, StringComparison.Ordinal);
        Assert.Equal((ErrorKind.Invalid, "cannot join own network"), Refusal(new() { Image = "x", NetworkMode = "container:self" }, "self"));
    }

    [Fact]
    public void Memory_OfModes_IsWhereItBelongs()
    {
        var host = Add("host", new() { Image = "x", IpcMode = new(NamespaceKind.Host) });
        Add("joined", new() { Image = "x", IpcMode = new(NamespaceKind.Container, host.Id.Value) });

        Assert.Equal("/dev/shm", _donors.MemoryOf(Add("c1", new() { Image = "x", IpcMode = new(NamespaceKind.Container, "joined") }).Snapshot));
        Assert.Null(_donors.MemoryOf(Add("c2", new() { Image = "x", IpcMode = new(NamespaceKind.Private) }).Snapshot));
        Assert.Contains(
            "non-shareable IPC (hint: use IpcMode:shareable for the donor container)",
            Assert.Throws<ErrorException>(() => _donors.MemoryOf(Add("c3", new() { Image = "x", IpcMode = new(NamespaceKind.Container, "c2") }).Snapshot)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NetworkOwner_ChainOfDonors_IsItsEnd()
    {
        var owner = Add("owner");
        var middle = Add("middle", new() { Image = "x", NetworkMode = "container:" + owner.Id });

        Assert.Equal("owner", _donors.NetworkOwner(Add("last", new() { Image = "x", NetworkMode = "container:" + middle.Id }).Snapshot).Name);
        Assert.Equal("owner", _donors.NetworkOwner(owner.Snapshot).Name);
    }

    private (ErrorKind Kind, string Message) Refusal(ContainerSpec spec, string name = "refused")
    {
        var container = Add(name, spec);
        var error = Assert.Throws<ErrorException>(() => _donors.Join(container.Snapshot)).Error;
        _store.Remove(container);
        return (error.Kind, error.Message);
    }

    private Container Add(string name, ContainerSpec? spec = null, ContainerState state = ContainerState.Created)
    {
        var id = ContainerId.New();
        _store.Reserve(name, id);
        Directory.CreateDirectory(_store.Folder(id));
        return _store.Add(new(
            1, new(id, name, DateTimeOffset.UnixEpoch, spec ?? new() { Image = "x" }, new([], ["sh"], [], "/", "", new Dictionary<string, string>(), [], 15), default,
                ContainerStatus.Created with { State = state }, null, [], "/log", 0), null, false, false));
    }

    private static string? Target(string link) => new FileInfo(link).LinkTarget;
}
