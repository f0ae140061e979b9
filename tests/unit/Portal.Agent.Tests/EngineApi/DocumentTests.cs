using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Portal.Agent.EngineApi;
using Portal.Agent.Tests.EngineApi.Fakes;
using Portal.Domain.Engine.Models;
using Portal.TestKit;

namespace Portal.Agent.Tests.EngineApi;

/// <summary>docs/engine-api.md says of every endpoint and every field of a container's creation what it does here.</summary>
public sealed partial class DocumentTests(EngineFixture engine) : IClassFixture<EngineFixture>
{
    private static readonly string[] s_words = [.. Code().Matches(File.ReadAllText(Path.Combine(SourceTree.Root, "docs/engine-api.md"))).Select(m => m.Groups[1].Value)];

    [Fact]
    public void Document_OfTheRoutes_NamesEach()
    {
        var paths = s_words.Where(w => w[0] == '/').Select(w => w.Split('?')[0]).ToHashSet(StringComparer.Ordinal);
        var families = paths.Where(p => p[^1] == '…').Select(p => p[..^1]).ToArray();

        var missing = engine.Services.GetRequiredService<RouteTable>().All
            .Select(r => "/" + r.Template.Replace("{name*}", "{n}", StringComparison.Ordinal).Replace("{name}", "{n}", StringComparison.Ordinal))
            .Where(path => !paths.Contains(path) && !families.Any(f => path == f || path.StartsWith(f + "/", StringComparison.Ordinal)))
            .Distinct();

        Assert.Empty(missing);
    }

    [Theory]
    [InlineData(typeof(ContainerCreateRequest))]
    [InlineData(typeof(HostConfig))]
    [InlineData(typeof(HealthcheckConfig))]
    [InlineData(typeof(MountBindOptions))]
    [InlineData(typeof(MountVolumeOptions))]
    [InlineData(typeof(MountTmpfsOptions))]
    [InlineData(typeof(MountImageOptions))]
    public void Document_OfACreation_NamesEachField(Type type)
    {
        var missing = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(p => p.Name).Except(s_words);

        Assert.Empty(missing);
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
