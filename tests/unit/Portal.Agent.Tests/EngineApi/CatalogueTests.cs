using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Portal.Agent.EngineApi;
using Portal.Agent.Tests.EngineApi.Fakes;
using Portal.Domain.Access.Docker;

namespace Portal.Agent.Tests.EngineApi;

public sealed partial class CatalogueTests(EngineFixture engine) : IClassFixture<EngineFixture>
{
    /// <summary>A route that the catalogue does not have is one that nobody decided about.</summary>
    [Fact]
    public void Route_OfTheAgent_IsInTheCatalogueOfThePortal()
    {
        var routes = engine.Services.GetRequiredService<RouteTable>().All.ToList();

        Assert.True(routes.Count > 90, "There are all routes.");
        Assert.All(routes, route =>
        {
            var path = Name().Replace(route.Template, name => name.Value.Contains('*', StringComparison.Ordinal) ? "a/b" : "a");
            var found = DockerCatalogue.Find(route.Method, path.Split('/'), out _);

            Assert.True(found is not null, $"{route.Method} /{route.Template} is not in the catalogue.");
            Assert.True(found.Refusal is not null || Same(found.Template) == Same(route.Template), $"{route.Method} /{route.Template} is taken for {found}.");
        });

        static string Same(string template) => Name().Replace(template, name => name.Value.Contains('*', StringComparison.Ordinal) ? "{*}" : "{}");
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Name();
}
