using Portal.Runtime.Oci;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Supervision;

public sealed class SeccompFiltersTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-seccomp").FullName;
    private readonly SeccompFilters _filters = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Apply_LearnedProfile_AddsItsFilterAndKeepsTheProfile()
    {
        byte[] filter = [1, 2, 3, 4, 5, 6, 7, 8];
        File.WriteAllBytes(_folder + "/seccomp.bpf", filter);
        var (_, profile) = _filters.Apply(Spec("SCMP_ACT_ERRNO"));

        _filters.Learn(profile!, _folder);
        var (spec, unknown) = _filters.Apply(Spec("SCMP_ACT_ERRNO") with { Annotations = new Dictionary<string, string> { ["com.example/own"] = "kept" } });

        Assert.Null(unknown);
        Assert.Equal("kept", spec.Annotations!["com.example/own"]);
        Assert.Equal(Convert.ToBase64String(filter), spec.Annotations!["run.oci.seccomp_bpf_data"]);
        Assert.NotNull(spec.Linux.Seccomp);
    }

    [Fact]
    public void Apply_AnotherProfile_GetsNoFilterOfTheFirst()
    {
        File.WriteAllBytes(_folder + "/seccomp.bpf", new byte[8]);
        _filters.Learn(_filters.Apply(Spec("SCMP_ACT_ERRNO")).Unknown!, _folder);

        var (spec, unknown) = _filters.Apply(Spec("SCMP_ACT_KILL"));

        Assert.NotNull(unknown);
        Assert.Null(spec.Annotations);
    }

    [Fact]
    public void Apply_NoSeccomp_GetsNoFilter()
    {
        var (spec, unknown) = _filters.Apply(Spec(null));

        Assert.Null(unknown);
        Assert.Null(spec.Annotations);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(12)]
    public void Learn_NotAFilter_IsNotTaken(int length)
    {
        File.WriteAllBytes(_folder + "/seccomp.bpf", new byte[length]);
        _filters.Learn(_filters.Apply(Spec("SCMP_ACT_ERRNO")).Unknown!, _folder);

        Assert.NotNull(_filters.Apply(Spec("SCMP_ACT_ERRNO")).Unknown);
    }

    private static OciSpec Spec(string? action) => new()
    {
        Process = new()
        {
            User = new(0, 0, null),
            Args = ["true"],
            Env = [],
            Cwd = "/",
            Capabilities = new([], [], [], [], []),
        },
        Root = new("/r", false),
        Mounts = [],
        Linux = new()
        {
            Namespaces = [],
            Resources = new() { Devices = [] },
            CgroupsPath = "/c",
            Seccomp = action is null ? null : new() { DefaultAction = action },
        },
    };
}
