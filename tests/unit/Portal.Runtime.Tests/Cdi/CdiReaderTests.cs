using System.Text;
using Portal.Runtime.Cdi;

namespace Portal.Runtime.Tests.Cdi;

public sealed class CdiReaderTests
{
    private const string Yaml = """
        ---
        # what a driver's tool writes
        cdiVersion: 0.7.0
        kind: acme.com/gadget.v2
        annotations: {note: "a: b"}
        containerEdits:
          env:
            - ACME=1
          hooks:
            - hookName: createRuntime
              path: /usr/bin/hook
              args: [hook, --flag]
              timeout: 5
        devices:
          - name: "0"
            containerEdits:
              deviceNodes:
                - path: /dev/gadget0
                  hostPath: /dev/null
                  major: 1
                  fileMode: 0666
                  permissions: rw
                  uid: 7
              additionalGids: [0, 44]
          - name: all
            containerEdits:
              mounts:
                - hostPath: /usr/lib/gadget
                  containerPath: /usr/lib/gadget
                  type: bind
                  options:
                  - ro
                  - bind
        """;

    [Fact]
    public void Read_Yaml_IsUnderstoodInFull()
    {
        var spec = CdiReader.Read(Yaml);

        Assert.Equal(("0.7.0", "acme.com/gadget.v2", "a: b"), (spec.CdiVersion, spec.Kind, spec.Annotations!["note"]));
        Assert.Equal(["ACME=1"], spec.ContainerEdits!.Env!);
        Assert.Equal(("createRuntime", "/usr/bin/hook", 5), (spec.ContainerEdits.Hooks![0].HookName, spec.ContainerEdits.Hooks[0].Path, spec.ContainerEdits.Hooks[0].Timeout));
        Assert.Equal(["hook", "--flag"], spec.ContainerEdits.Hooks[0].Args!);
        var node = spec.Devices![0].ContainerEdits!.DeviceNodes![0];
        Assert.Equal(new CdiNode { Path = "/dev/gadget0", HostPath = "/dev/null", Major = 1, FileMode = 0x1B6, Permissions = "rw", Uid = 7 }, node);
        Assert.Equal([0u, 44u], spec.Devices[0].ContainerEdits!.AdditionalGids!);
        Assert.Equal(["ro", "bind"], spec.Devices[1].ContainerEdits!.Mounts![0].Options!);
    }

    [Fact]
    public void Read_Json_IsTheSame() => Assert.Equal(
        "x=1", CdiReader.Read("""{"cdiVersion":"0.3.0","kind":"a.b/c","devices":[{"name":"d","containerEdits":{"env":["x=1"]}}]}""").Devices![0].ContainerEdits!.Env![0]);

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("a: &x 1\nb: *x")]
    [InlineData("cdiVersion: 0.5.0\ncdiVersion: 0.5.0")]
    [InlineData("--- 1\n--- 2")]
    public void Read_NotASpec_IsRefused(string text) => Assert.Throws<FormatException>(() => CdiReader.Read(text));

    [Theory]
    [InlineData("0.2.0", "a.b/c", "d", "env: [x=1]", "invalid version \"0.2.0\"")]
    [InlineData("9.0.0", "a.b/c", "d", "env: [x=1]", "invalid version \"9.0.0\"")]
    [InlineData("0.5.0", "abc", "d", "env: [x=1]", "invalid vendor of kind \"abc\"")]
    [InlineData("0.5.0", "1a/c", "d", "env: [x=1]", "invalid vendor of kind \"1a/c\"")]
    [InlineData("0.5.0", "a.b/c/d", "d", "env: [x=1]", "invalid class of kind \"a.b/c/d\"")]
    [InlineData("0.5.0", "a.b/c", "d/e", "env: [x=1]", "invalid device name \"d/e\"")]
    [InlineData("0.5.0", "a.b/c", "d", "env: []", "invalid device \"d\", empty device edits")]
    [InlineData("0.5.0", "a.b/c", "d", "env: [x]", "d: invalid environment variable \"x\"")]
    [InlineData("0.5.0", "a.b/c", "d", "hooks: [{hookName: never, path: /x}]", "d: invalid hook name \"never\"")]
    [InlineData("0.5.0", "a.b/c", "d", "hooks: [{hookName: poststop, path: x}]", "d: invalid hook \"poststop\" with empty or relative path")]
    [InlineData("0.5.0", "a.b/c", "d", "deviceNodes: [{path: /x, type: q}]", "d: device \"/x\": invalid type \"q\"")]
    [InlineData("0.5.0", "a.b/c", "d", "deviceNodes: [{path: /x, permissions: rx}]", "d: device \"/x\": invalid permissions \"rx\"")]
    [InlineData("0.5.0", "a.b/c", "d", "mounts: [{hostPath: '', containerPath: /x}]", "d: invalid mount, empty host path")]
    [InlineData("0.3.0", "a.b/c", "d", "mounts: [{hostPath: /x, containerPath: /x, type: bind}]", "the spec version must be at least v0.4.0")]
    [InlineData("0.4.0", "a.b/c", "0", "env: [x=1]", "the spec version must be at least v0.5.0")]
    [InlineData("0.5.0", "a.b/c.d", "d", "env: [x=1]", "the spec version must be at least v0.6.0")]
    [InlineData("0.6.0", "a.b/c", "d", "additionalGids: [5]", "the spec version must be at least v0.7.0")]
    [InlineData("0.8.0", "a.b/c", "d", "netDevices: [{hostInterfaceName: x, name: y}]", "the spec version must be at least v1.1.0")]
    public void Read_BadSpec_SaysWhatIsWrong(string version, string kind, string name, string edits, string message) => Assert.Equal(
        message, Assert.Throws<FormatException>(() => CdiReader.Read($"cdiVersion: {version}\nkind: {kind}\ndevices: [{{name: {name}, containerEdits: {{{edits}}}}}]")).Message);

    [Fact]
    public void Read_MemberNobodyKnows_IsRefused() =>
        Assert.Throws<FormatException>(() => CdiReader.Read("cdiVersion: 0.5.0\nkind: a.b/c\ndevices: [{name: d, containerEdits: {env: [x=1], seccomp: off}}]"));

    [Theory]
    [InlineData("a: [1, -2, 0x1F, 0o17, 0644, 1.5, 08]", """{"a":[1,-2,31,15,420,1.5,8]}""")]
    [InlineData("a: [yes, true, False, null, ~, '1', \"x\\ty\"]", """{"a":["yes",true,false,null,null,"1","x\ty"]}""")]
    [InlineData("a: |\n  one\n  two\nb: 1.2.3\nc: a-\nd: {}", """{"a":"one\ntwo\n","b":"1.2.3","c":"a-","d":{}}""")]
    [InlineData("\"a\": {\"b\": [\"c\"]}", """{"a":{"b":["c"]}}""")]
    public void Convert_Scalars_AreWhatTheyLookLike(string yaml, string json) => Assert.Equal(json, Encoding.UTF8.GetString(YamlToJson.Convert(yaml)));

    [Fact]
    public void Convert_DeepNesting_IsRefused() => Assert.Throws<FormatException>(() => YamlToJson.Convert(new string('[', 1000) + new string(']', 1000)));
}
