using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Security;
using Portal.Api.Tests.Access;
using Portal.Api.Tests.Http;

namespace Portal.Api.Tests.Matrix;

/// <summary>
/// Every endpoint that there is, asked by everybody with a valid request made from the document. What must come of it follows from the declaration beside the
/// endpoint, so that a new endpoint is in here by itself.
/// </summary>
public class EndpointMatrixTests
{
    /// <summary>Endpoints that the document does not have: pages, the document itself, the hub and the engines, which have matrices of their own.</summary>
    private static readonly string[] s_undescribed = ["/api/v1/hosts/{host}/docker/{**path}", "/health", "/hubs/live", "/hubs/live/negotiate", "/openapi/{documentName}.json"];

    public static TheoryData<string> Callers => [.. Caller.All.Keys];

    [Theory]
    [MemberData(nameof(Callers))]
    public async Task Endpoint_AskedBy_AnswersAsDeclared(string name)
    {
        var caller = Caller.All[name];
        await using var world = await ExampleWorld.StartAsync();
        List<string> wrong = [];
        (HttpClient Client, string Id)? connection = null;
        string? before = null;
        foreach (var (endpoint, operation) in Endpoints(world.Portal))
        {
            var (client, id) = connection ??= await caller.ConnectAsync(world);
            if (before is null)
            {
                await world.PrepareAsync(id);
                before = await world.DigestAsync();
            }

            using var request = operation.Request();
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            var (status, code) = ((int)answer.StatusCode, await answer.CodeAsync());
            var expected = Expect(caller, endpoint, operation);
            var refusals = await world.RefusalsAsync();
            if (expected == Verdict.Allowed)
            {
                // A new container may be somebody's whose image is not.
                if (!IsLetIn(status, code) && !(operation.Id == "CreateContainer" && code == "docker.not_found"))
                {
                    wrong.Add($"{operation} ({operation.Id}) is allowed and answered {status} {code}");
                }

                before = operation.Method == "GET" ? before : null;
                if (operation.Method != "GET" && operation.Path.StartsWith("/api/v1/me", StringComparison.Ordinal))
                {
                    // May have signed itself out.
                    connection = null;
                }
            }
            else if (status != (int)expected)
            {
                wrong.Add($"{operation} ({operation.Id}) must answer {(int)expected} and answered {status} {code}");
            }
            else if (await world.DigestAsync() is var after && after != before)
            {
                before = after;
                wrong.Add($"{operation} was refused and changed something");
            }
            else if (expected == Verdict.SignInFirst ? refusals.Count > 0 : refusals is not [{ Operation.Length: > 0, Message.Length: > 0 } only] || only.Outcome != code)
            {
                wrong.Add($"{operation} was refused with {code} and recorded {string.Join(", ", refusals.Select(line => $"{line.Operation} {line.Outcome}"))}");
            }
        }

        Assert.True(wrong.Count == 0, $"As {caller}:\n{string.Join('\n', wrong)}");
    }

    [Fact]
    public async Task Endpoint_WithoutADeclarationOrDescription_ThereIsNone()
    {
        await using var portal = new PortalHost();
        var all = portal.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToArray();
        Assert.Empty(all.Where(endpoint => endpoint.Metadata.GetMetadata<RequiredPermission>() is null && endpoint.Metadata.GetMetadata<SignedInOnly>() is null
            && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null).Select(endpoint => endpoint.DisplayName));
        Assert.Empty(all.Select(endpoint => endpoint.RoutePattern.RawText).Except(Endpoints(portal).Select(endpoint => endpoint.Endpoint.RoutePattern.RawText)).Except(s_undescribed));
    }

    private static Verdict Expect(Caller caller, RouteEndpoint endpoint, ApiOperation operation) =>
        endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null ? Verdict.Allowed
        : endpoint.Metadata.GetMetadata<RequiredPermission>() is { } required ? caller.Of(required, operation.Path.Count(c => c == '{') > 1)
        : caller.IsSignedIn ? Verdict.Allowed : Verdict.SignInFirst;

    /// <summary>Done, or refused for what was asked and not for who asked.</summary>
    private static bool IsLetIn(int status, string? code) => status < 400 || (status, code) is
        (409, _) or (400, "second_factor.code" or "passkey.refused") or (401, "setup.secret" or "refresh.refused" or "signin.refused" or "signin.passkey")
        or (403, "docker.restricted") or (404, "operation.unknown");

    private static IEnumerable<(RouteEndpoint Endpoint, ApiOperation Operation)> Endpoints(PortalHost portal) =>
        from endpoint in portal.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        let name = endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName
        join operation in ApiDocument.Committed.Operations on name equals operation.Id
        select (endpoint, operation);
}
