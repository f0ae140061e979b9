using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Containers;

public sealed class ContainerStoreTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("portal-store").FullName;
    private readonly ContainerStore _store;

    public ContainerStoreTests() => _store = Open();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Load_AfterAdd_BringsEverythingBack()
    {
        var id = new ContainerId("ab" + new string('1', 62));
        var record = Record(id, "web") with { StoppedByUser = true, Run = new("boot", 1, 2, 3, 4) };
        Add(record with
        {
            Container = record.Container with
            {
                Attachment = new(id, "/ns", [new("n", "bridge", "bridge", "e", "eth0", "veth", new(IPAddress.Parse("172.29.0.2"), 16, null), null, null, 0, false, [new(80, "tcp", IPAddress.Any, 8080)])]),
                Spec = record.Container.Spec with { StopTimeout = TimeSpan.FromSeconds(3), RestartPolicy = new(RestartPolicyKind.OnFailure, 4), Mounts = [new(MountKind.Volume, "v", "/v", true) { NoCopy = true }] },
            },
        });

        var found = Open().Resolve("web");

        Assert.Equal(new RunRecord("boot", 1, 2, 3, 4), found.Record.Run);
        Assert.True(found.Record.StoppedByUser);
        Assert.Equal(new PublishedPort(80, "tcp", IPAddress.Any, 8080), Assert.Single(found.Snapshot.Attachment!.Ports));
        Assert.Equal((TimeSpan.FromSeconds(3), RestartPolicyKind.OnFailure, true), (found.Snapshot.Spec.StopTimeout, found.Snapshot.Spec.RestartPolicy.Kind, found.Snapshot.Spec.Mounts[0].NoCopy));
    }

    [Fact]
    public void Load_MountsAndMappings_AreWhatTheyWere()
    {
        var record = Record(ContainerId.New(), "web");
        var mount = new ResolvedMount(MountKind.Image, null, "/run/0", "/i", true, false, "rprivate")
        {
            Origin = MountOrigin.Container, Mode = "ro", CreateSource = true, NonRecursive = true, ReadOnlyReach = ReadOnlyReach.Forced, Subpath = "a",
            TmpfsOptions = "size=1m", ImageId = Digest.Of("i"u8), ImageName = "busybox", ImageIndex = 2,
        };
        Add(record with { Container = record.Container with { Mounts = [mount with { IsFile = true, LockedOptions = ["nosuid"] }], Mappings = new([new(0, 5, 6)], [new(0, 7, 8)]) } });

        var found = Open().Resolve("web").Snapshot;

        Assert.Equal(mount, Assert.Single(found.Mounts) with { LockedOptions = mount.LockedOptions });
        Assert.Equal(new([new(0, 5, 6)], [new(0, 7, 8)]), found.Mappings);
    }

    [Fact]
    public void UsersOf_AnImageThatIsOnlyMounted_AreThoseWhoMountIt()
    {
        var (record, image) = (Record(ContainerId.New(), "web"), Digest.Of("other"u8));
        Add(record with { Container = record.Container with { Mounts = [new(MountKind.Image, null, "/x", "/i", true, false, "") { ImageId = image }] } });

        Assert.Equal(record.Container.Id, Assert.Single(_store.UsersOf(image)).Container);
        Assert.Single(_store.UsersOf(record.Container.ImageId));
        Assert.Empty(_store.UsersOf(Digest.Of("neither"u8)));
    }

    [Fact]
    public void Load_RecordOfAnEarlierVersion_HasTheDefaultsOfWhatCameLater()
    {
        var id = new ContainerId("ab" + new string('1', 62));
        var record = Record(id, "old");
        Add(record with { Container = record.Container with { Spec = record.Container.Spec with { Mounts = [new(MountKind.Volume, "v", "/v", true)] }, Mounts = [new(MountKind.Volume, "v", "/s", "/v", true, false, "")] } });
        var path = _store.Folder(id) + "/record.json";
        var json = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(path))!;
        var spec = json["Container"]!["Spec"]!.AsObject();
        Assert.True(spec.Remove("Annotations") & spec.Remove("CgroupParent") & spec.Remove("Log") & spec["Resources"]!.AsObject().Remove("BlkioReadBps") & spec["Mounts"]![0]!.AsObject().Remove("Subpath")
            & json["Container"]!["Mounts"]![0]!.AsObject().Remove("Mode"));
        File.WriteAllText(path, json.ToJsonString());

        var container = Open().Resolve("old").Snapshot;
        var found = container.Spec;

        Assert.Equal("", Assert.Single(container.Mounts).Mode);

        Assert.Empty(found.Annotations);
        Assert.Empty(found.Resources.BlkioReadBps);
        Assert.Equal(("", "", ""), (found.CgroupParent, found.Log.Driver, found.Mounts[0].Subpath));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"Version\": 1, \"Conta")]
    [InlineData("[1]")]
    [InlineData("null")]
    [InlineData("{\"Version\":1,\"Container\":{\"Spec\":7}}")]
    [InlineData("{\"Version\":1,\"Container\":{\"Spec\":{}}}")]
    public void Load_UnreadableRecord_IsSetAsideAndListedAsDead(string content)
    {
        Add(Record(new("ab" + new string('1', 62)), "good"));
        var bad = new ContainerId("cd" + new string('1', 62));
        Directory.CreateDirectory(_store.Folder(bad));
        File.WriteAllText(_store.Folder(bad) + "/record.json", content);

        foreach (var store in (ContainerStore[])[Open(), Open()])
        {
            Assert.Equal("good", store.Resolve("good").Snapshot.Name);
            var broken = store.Resolve(bad.Value).Snapshot;
            Assert.Equal((ContainerState.Dead, true), (broken.Status.State, broken.IsUnreadable));
            Assert.Contains("cannot be read", broken.Status.Error, StringComparison.Ordinal);
            Assert.Equal(content, File.ReadAllText(Assert.Single(Directory.GetFiles(_store.Folder(bad), "record.json.unreadable-*"))));
        }
    }

    [Fact]
    public void Load_AnyMemberMissingOrNull_IsUnreadableOrHasItsDefault()
    {
        var id = new ContainerId("cd" + new string('1', 62));
        Add(Record(id, "web"));
        var path = _store.Folder(id) + "/record.json";
        var whole = File.ReadAllText(path);
        foreach (var member in System.Text.Json.Nodes.JsonNode.Parse(whole)!["Container"]!.AsObject().Select(pair => pair.Key))
        {
            foreach (var isNull in (bool[])[false, true])
            {
                var json = System.Text.Json.Nodes.JsonNode.Parse(whole)!;
                if (isNull)
                {
                    json["Container"]![member] = null;
                }
                else
                {
                    json["Container"]!.AsObject().Remove(member);
                }

                File.WriteAllText(path, json.ToJsonString());
                Assert.Equal(id, Assert.Single(Open().All).Id);
                foreach (var aside in Directory.GetFiles(_store.Folder(id), "*.unreadable-*"))
                {
                    File.Delete(aside);
                }
            }
        }
    }

    [Fact]
    public void Load_UnreadableRecordOfOneThatRuns_IsTakenFromTheNoteOfItsStart()
    {
        var record = Record(new("cd" + new string('1', 62)), "runs");
        Add(record);
        var path = _store.Folder(record.Container.Id) + "/record.json";
        Directory.CreateDirectory($"{_root}/run/bundles/{record.Container.Id}");
        File.Copy(path, $"{_root}/run/bundles/{record.Container.Id}/intent.json");
        File.WriteAllText(path, "");

        var found = Open().Resolve("runs").Snapshot;

        Assert.Equal((record.Container.Id, false), (found.Id, found.IsUnreadable));
    }

    [Fact]
    public void Remove_Unreadable_TakesEverythingOfIt()
    {
        var bad = new ContainerId("cd" + new string('1', 62));
        Directory.CreateDirectory(_store.Folder(bad));
        File.WriteAllText(_store.Folder(bad) + "/record.json", "");
        var store = Open();

        store.Remove(store.Resolve(bad.Value));

        Assert.Empty(Directory.GetFileSystemEntries(_root + "/containers"));
        Assert.Empty(Open().All);
    }

    [Fact]
    public void Load_RemovalCutShort_IsFinishedAndNoCreation()
    {
        Directory.CreateDirectory($"{_root}/containers/.removing-{ContainerId.New()}/inner");

        var store = Open();

        Assert.Empty(Directory.GetFileSystemEntries(_root + "/containers"));
        Assert.Empty(store.Unfinished);
    }

    [Fact]
    public void Load_TornRecordOfOneThatRemovesItself_IsGone()
    {
        var id = new ContainerId("ef" + new string('1', 62));
        var record = Record(id, "passing");
        Add(record with { Container = record.Container with { Spec = record.Container.Spec with { AutoRemove = true } } });
        File.WriteAllText(_store.Folder(id) + "/record.json", "");

        var store = Open();

        Assert.Empty(store.Known);
        Assert.False(Directory.Exists(store.Folder(id)));
    }

    [Fact]
    public void Load_FolderWithoutRecord_IsGone()
    {
        var id = ContainerId.New();
        Directory.CreateDirectory(_store.Folder(id));

        var store = Open();

        Assert.Empty(store.Known);
        Assert.Contains(id, store.Unfinished);
        store.DropUnfinished();
        Assert.False(Directory.Exists(_store.Folder(id)));
    }

    [Fact]
    public void Resolve_ByIdNameAndPrefix_FindsTheSame()
    {
        var id = new ContainerId("abc" + new string('1', 61));
        Add(Record(id, "web"));

        Assert.All([id.Value, "web", "/web", "abc1"], reference => Assert.Equal(id, _store.Resolve(reference).Id));
    }

    [Fact]
    public void Resolve_PrefixOfTwo_Is400AndOfNone404()
    {
        Add(Record(new("abc" + new string('1', 61)), "one"));
        Add(Record(new("abc" + new string('2', 61)), "two"));

        Assert.Equal("Multiple IDs found with provided prefix: abc", Assert.Throws<ErrorException>(() => _store.Resolve("abc")).Message);
        Assert.Equal("No such container: abd", Assert.Throws<ErrorException>(() => _store.Resolve("abd")).Message);
    }

    [Fact]
    public void Reserve_TakenName_IsAConflictUntilReleased()
    {
        var (first, second) = (ContainerId.New(), ContainerId.New());
        _store.Reserve("/web", first);

        Assert.Equal(
            $"Conflict. The container name \"/web\" is already in use by container \"{first}\". You have to remove (or rename) that container to be able to reuse that name.",
            Assert.Throws<ErrorException>(() => _store.Reserve("web", second)).Message);

        _store.Release("web", second);
        Assert.Throws<ErrorException>(() => _store.Reserve("web", second));
        _store.Release("web", first);
        Assert.Equal("web", _store.Reserve("web", second));
    }

    [Fact]
    public void Remove_FreesNameAndFolder()
    {
        var container = Add(Record(ContainerId.New(), "web"));

        _store.Remove(container);

        Assert.False(Directory.Exists(_store.Folder(container.Id)));
        Assert.Equal("web", _store.Reserve("web", ContainerId.New()));
    }

    internal static ContainerRecord Record(ContainerId id, string name, ContainerState state = ContainerState.Created, bool autoRemove = false) => new(
        ContainerRecord.CurrentVersion,
        new(
            id, name, DateTimeOffset.UnixEpoch, new() { Image = "busybox", AutoRemove = autoRemove },
            new([], ["sh"], [], "/", "", new Dictionary<string, string>(), [], 15), Digest.Of("image"u8), ContainerStatus.Created with { State = state }, null, [], "/log", 0),
        null, StoppedByUser: false, Removing: false);

    private Container Add(ContainerRecord record)
    {
        Directory.CreateDirectory(_store.Folder(record.Container.Id));
        _store.Reserve(record.Container.Name, record.Container.Id);
        return _store.Add(record);
    }

    private ContainerStore Open()
    {
        var store = new ContainerStore(new() { DataRoot = _root, RunRoot = _root + "/run" }, TimeProvider.System, NullLogger<ContainerStore>.Instance);
        store.Load();
        return store;
    }
}
