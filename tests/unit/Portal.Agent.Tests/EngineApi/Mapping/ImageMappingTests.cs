using Portal.Agent.EngineApi.Mapping;
using Portal.Agent.Tests.EngineApi.Fakes;
using Portal.Domain.Engine;

namespace Portal.Agent.Tests.EngineApi.Mapping;

public sealed class ImageMappingTests
{
    [Theory]
    [InlineData(42, "<none>:<none>", "<none>@<none>")]
    [InlineData(43, "", "")]
    public void Summary_WithoutAnyName_SaysSoInTheWordsOfItsVersion(int minor, string tags, string digests)
    {
        var summary = ImageMapping.Summarize(Some.Image with { Tags = [], Parent = Some.Digest }, new ApiVersion(1, minor), containers: 0);

        Assert.Equal((tags, digests), (string.Join(',', summary.RepoTags), string.Join(',', summary.RepoDigests)));
        Assert.Equal(Some.Digest.ToString(), summary.ParentId);
    }

    [Theory]
    [InlineData(44, true)]
    [InlineData(45, false)]
    public void Inspect_ContainerItWasMadeFrom_BelongsToOldVersionsButItsConfigurationToAll(int minor, bool shown)
    {
        var inspect = ImageMapping.Inspect(Some.Image, new ApiVersion(1, minor));

        Assert.Equal(shown, inspect.Container is not null);
        Assert.Equal(["sh"], inspect.ContainerConfig.Cmd!);
    }
}
