using System.Text;
using Microsoft.AspNetCore.Http;
using Portal.Api.Security;
using Portal.Api.Tests.Adapters.Hosts;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;

namespace Portal.Api.Tests.Matrix;

/// <summary>
/// Every operation of the catalogue of the Docker Engine API, asked for by everybody through <c>/hosts/{host}/docker</c>. What must come of it follows from the
/// catalogue. What the restrictions of a host hold back besides, whoever asks, is tested with the policy.
/// </summary>
public class DockerMatrixTests
{
    private const string Image = ExampleWorld.Image, Network = ExampleWorld.Network;

    /// <summary>What the reading of an operation wants to see, and whether it names something beside the path.</summary>
    private static readonly Dictionary<string, (string Query, string Body, bool Refers)> s_contents = new()
    {
        ["POST /containers/create"] = ("", """{"Image":"busybox"}""", true),
        ["POST /commit"] = ("?container=web", "{}", true),
        ["POST /containers/{id}/exec"] = ("", """{"Cmd":["sh"]}""", false),
        ["POST /containers/{id}/rename"] = ("?name=other", "", false),
        ["GET /images/get"] = ("?names=busybox", "", false),
        ["POST /images/create"] = ("?fromImage=fresh&tag=latest", "", false),
        ["POST /images/{name*}/tag"] = ("?repo=other&tag=x", "", false),
        ["POST /images/{name*}/push"] = ("?tag=latest", "", false),
        ["POST /networks/create"] = ("", """{"Name":"new"}""", false),
        ["POST /networks/{id}/connect"] = ("", """{"Container":"web"}""", false),
        ["POST /networks/{id}/disconnect"] = ("", """{"Container":"web"}""", false),
        ["POST /volumes/create"] = ("", """{"Name":"new"}""", false),
        ["POST /auth"] = ("", """{"serveraddress":"registry.example.com"}""", false),
    };

    public static TheoryData<string> Callers => [.. Caller.All.Keys.Except(["owner"])];

    [Theory]
    [MemberData(nameof(Callers))]
    public async Task Operation_AskedForBy_AnswersAsTheCatalogueSays(string name)
    {
        var caller = Caller.All[name];
        await using var engine = await FakeEngineSocket.StartAsync(AnswerAsync);
        await using var world = await ExampleWorld.StartAsync(new PortalHost { AgentSocket = engine.Path });
        var (client, _) = await caller.ConnectAsync(world);
        _ = await world.RefusalsAsync();
        List<string> wrong = [];
        foreach (var operation in DockerCatalogue.All)
        {
            var (query, body, _) = s_contents.GetValueOrDefault($"{operation}", ("", operation.Body == DockerBody.Json ? "{}" : "", false));
            engine.Requests.Clear();
            using var request = new HttpRequestMessage(new(operation.Method), $"/api/v1/hosts/local/docker/v1.51/{Path(operation)}{query}");
            if (body.Length > 0)
            {
                request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            }

            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
            var (status, expected, refusals) = ((int)answer.StatusCode, Expect(caller, operation), await world.RefusalsAsync());
            var restricted = refusals is [{ Outcome: "docker.restricted" }];
            if (expected == Verdict.Allowed ? status is 401 or 403 or 404 && !restricted : status != (int)expected)
            {
                wrong.Add($"{operation} must be {expected} and answered {status} {string.Join(", ", refusals.Select(line => line.Message))}");
            }
            else if (expected != Verdict.Allowed && engine.Requests.Any(sent => !sent.StartsWith("GET ", StringComparison.Ordinal)))
            {
                wrong.Add($"{operation} was refused and {string.Join(", ", engine.Requests)} went on to the engine");
            }
            else if (expected is Verdict.Forbidden or Verdict.NotThere && refusals is not [{ Operation.Length: > 0, Message.Length: > 0 }])
            {
                wrong.Add($"{operation} was refused and recorded {refusals.Count} times");
            }
        }

        client.Dispose();
        Assert.True(wrong.Count == 0, $"As {caller}:\n{string.Join('\n', wrong)}");
    }

    private static Verdict Expect(Caller caller, DockerOperation operation)
    {
        // Whoever sees nothing of the host is not told what it has.
        var reached = caller.Of(new(Permission.EngineRead, On.PartOfHost), names: false);
        if (reached != Verdict.Allowed)
        {
            return reached;
        }

        if (operation.Refusal is not null)
        {
            return operation.Hides ? Verdict.NotThere : Verdict.Forbidden;
        }

        var on = operation.Place switch
        {
            DockerPlace.Engine => On.PartOfHost,
            DockerPlace.Everything => On.Host,
            _ => operation.Kind switch { ResourceKind.Container => On.Container, ResourceKind.Image => On.Image, ResourceKind.Network => On.Network, _ => On.Volume },
        };
        var verdict = caller.Of(new(operation.Permission, on), names: operation.Place is not DockerPlace.New);
        return operation.Place switch
        {
            // A terminal is that of whoever opened it; who is not held back has them all.
            DockerPlace.Exec => $"{caller}" == BuiltInRoles.Administrator.Name ? Verdict.Allowed : Verdict.NotThere,

            // What it is made from is not theirs.
            DockerPlace.New when verdict == Verdict.Allowed && s_contents.GetValueOrDefault($"{operation}").Refers => caller.Of(new(operation.Permission, on), names: true),
            _ => verdict,
        };
    }

    private static string Path(DockerOperation operation) => string.Join('/', operation.Template.Split('/').Select(part => part[0] != '{' ? part : operation.Template.Split('/')[0] switch
    {
        "containers" => "web",
        "images" or "distribution" => "busybox",
        "networks" => "net",
        "volumes" => "data",
        "exec" => "e1",
        _ => "x",
    }));

    private static Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        path = path.StartsWith("/v1.51", StringComparison.Ordinal) ? path[6..] : path;
        context.Response.ContentType = "application/json";
        context.Response.StatusCode = path.StartsWith("/images/other", StringComparison.Ordinal) || path.StartsWith("/images/fresh", StringComparison.Ordinal) || path == "/volumes/new" ? 404 : 200;
        return context.Response.WriteAsync(path switch
        {
            _ when path == "/containers/web/json" || path == $"/containers/{ExampleWorld.Web}/json" =>
                $$$"""{"Id":"{{{ExampleWorld.Web}}}","Name":"/web","Config":{"Labels":{}},"HostConfig":{"NetworkMode":"bridge"},"Mounts":[]}""",
            "/images/busybox/json" or "/images/busybox:latest/json" or "/images/" + Image + "/json" => $$"""{"Id":"{{Image}}"}""",
            "/networks/net" or "/networks/" + Network => $$$"""{"Id":"{{{Network}}}","Name":"net","Driver":"bridge","Labels":{}}""",
            "/volumes/data" => """{"Name":"data","Driver":"local"}""",
            "/exec/e1/json" => $$"""{"ID":"e1","ContainerID":"{{ExampleWorld.Web}}"}""",
            "/containers/json" or "/images/json" or "/networks" => "[]",
            _ => "{}",
        });
    }
}
