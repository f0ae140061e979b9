using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Tests.Fuzz;

namespace Portal.Api.Tests.Http;

/// <summary>What the document must say of every operation, whoever adds one.</summary>
public class ApiDocumentTests(PortalHost portal) : IClassFixture<PortalHost>
{
    public static TheoryData<string> Operations => [.. ApiDocument.Committed.Operations.Select(operation => operation.Id)];

    [Fact]
    public void Operations_HaveNamesOfTheirOwn() =>
        Assert.Empty(ApiDocument.Committed.Operations.GroupBy(operation => operation.Id).Where(same => same.Count() > 1).Select(same => same.Key));

    [Theory]
    [MemberData(nameof(Operations))]
    public void Operation_SaysWhoMay_AndWhatItAnswers(string id)
    {
        var operation = ApiDocument.Committed.Operations.Single(candidate => candidate.Id == id);
        var anonymous = portal.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .Single(endpoint => endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName == id).Metadata.GetMetadata<IAllowAnonymous>() is not null;

        Assert.NotEmpty(operation.Json["summary"]?.GetValue<string>() ?? "");
        Assert.NotEmpty(operation.Json["tags"]!.AsArray());
        Assert.Equal(!anonymous, operation.Json["security"]?.AsArray().Count > 0);
        var headers = operation.Parameters.Where(parameter => parameter["in"]!.GetValue<string>() == "header").ToDictionary(parameter => parameter["name"]!.GetValue<string>());
        List<int> must =
        [
            500, .. anonymous ? (int[])[429] : [401, 403], .. operation.Path.Contains('{', StringComparison.Ordinal) ? (int[])[404] : [],
            .. operation.Parameters.Any() ? (int[])[400] : [], .. operation.Bodies.Any() ? (int[])[400, 413, 415] : [], .. operation.Method == "GET" ? (int[])[] : [503],
            .. headers.ContainsKey("If-Match") ? (int[])[412] : [], .. headers.GetValueOrDefault("If-Match")?["required"]?.GetValue<bool>() == true ? (int[])[428] : [],
            .. headers.ContainsKey("Idempotency-Key") ? (int[])[409] : [],
        ];
        Assert.Empty(must.Select(status => $"{status}").Except(operation.Responses.Select(answer => answer.Key)));
        Assert.Equal(operation.Responses.ContainsKey("412"), headers.ContainsKey("If-Match"));
        Assert.Contains(operation.Responses, answer => answer.Key[0] == '2');
        foreach (var (status, answer) in operation.Responses)
        {
            Assert.NotEmpty(answer!["description"]!.GetValue<string>());
            if (status[0] != '2')
            {
                Assert.Equal("#/components/schemas/ProblemDetails", answer["content"]!["application/problem+json"]!["schema"]!["$ref"]!.GetValue<string>());
            }
            else if (status != "204")
            {
                Assert.All(answer["content"]!.AsObject(), content => Assert.NotNull(content.Value!["schema"]));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void Operation_HasExamples_OfWhatItWants(string id)
    {
        var operation = ApiDocument.Committed.Operations.Single(candidate => candidate.Id == id);
        foreach (var parameter in operation.Parameters)
        {
            Assert.NotEmpty(parameter["description"]?.GetValue<string>() ?? "");
            Assert.True(parameter["required"]?.GetValue<bool>() != true || parameter["example"] is not null, $"{parameter["name"]} has no example");
        }

        foreach (var (type, body) in operation.Bodies.Where(body => body.Key.EndsWith("json", StringComparison.Ordinal)))
        {
            var example = operation.Document.Example(body!["schema"]!);
            Assert.Null(SchemaCheck.Against(operation.Document, body["schema"]!, example));
            Assert.DoesNotContain("\"\"", example!.ToJsonString(), StringComparison.Ordinal);
            Assert.Equal("application/json", type);
        }
    }
}
