using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Images;

namespace Portal.Runtime.Tests.Containers;

public class EffectiveProcessMergeTests
{
    private static readonly ImageConfig s_image = new()
    {
        Entrypoint = ["/entry"],
        Command = ["default"],
        Environment = ["PATH=/bin", "LANG=C", "DROP=me"],
        User = "web",
        WorkingDirectory = "/srv",
        Labels = new Dictionary<string, string> { ["a"] = "image", ["b"] = "image" },
        ExposedPorts = ["80/tcp"],
        StopSignal = "SIGQUIT",
    };

    private static ContainerSpec Spec => new() { Image = "x" };

    [Fact]
    public void Merge_NothingAsked_TakesTheImage()
    {
        var process = EffectiveProcessMerge.Merge(Spec, s_image);

        Assert.Equal(["/entry"], process.Entrypoint);
        Assert.Equal(["default"], process.Command);
        Assert.Equal(("web", "/srv", 3), (process.User, process.WorkingDirectory, process.StopSignal));
    }

    [Fact]
    public void Merge_OwnCommand_KeepsTheEntrypoint()
    {
        var process = EffectiveProcessMerge.Merge(Spec with { Command = ["own"] }, s_image);

        Assert.Equal(["/entry"], process.Entrypoint);
        Assert.Equal(["own"], process.Command);
    }

    [Fact]
    public void Merge_OwnEntrypoint_DropsTheImagesCommand()
    {
        var process = EffectiveProcessMerge.Merge(Spec with { Entrypoint = ["/own"] }, s_image);

        Assert.Equal(["/own"], process.Entrypoint);
        Assert.Empty(process.Command);
    }

    [Fact]
    public void Merge_EmptyEntrypoint_ResetsToNone()
    {
        var process = EffectiveProcessMerge.Merge(Spec with { Entrypoint = [""], Command = ["sh"] }, s_image);

        Assert.Empty(process.Entrypoint);
        Assert.Equal(["sh"], process.Command);
    }

    [Fact]
    public void Merge_NothingToRun_IsRefused() =>
        Assert.Equal("no command specified", Assert.Throws<ErrorException>(() => EffectiveProcessMerge.Merge(Spec, new())).Message);

    [Fact]
    public void Environment_OwnOverImage_ReplacesInPlaceAndRemovesBareNames() => Assert.Equal(
        ["PATH=/bin", "LANG=de", "NEW=1"], EffectiveProcessMerge.Merge(Spec with { Environment = ["LANG=de", "DROP", "NEW=1"] }, s_image).Environment);

    [Fact]
    public void Merge_LabelsAndPorts_AreUnited()
    {
        var process = EffectiveProcessMerge.Merge(
            Spec with { Labels = new Dictionary<string, string> { ["b"] = "own" }, ExposedPorts = ["80/tcp", "53/udp"] }, s_image);

        Assert.Equal("image own", $"{process.Labels["a"]} {process.Labels["b"]}");
        Assert.Equal(["80/tcp", "53/udp"], process.ExposedPorts);
    }
}
