using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Portal.Api.Tests.Http;
using Portal.Api.Tests.Matrix;
using Portal.Domain.Access;

namespace Portal.Api.Tests.Fuzz;

/// <summary>
/// Every operation of the OpenAPI document, asked by an administrator with requests that are right, nearly right and wrong: whatever comes, the answer is one
/// that the document promises. Here some thousand, the same every time; <c>./portal fuzz api</c> goes on for as long as it is told to (PORTAL_FUZZ_SEED,
/// PORTAL_FUZZ_SECONDS).
/// </summary>
public class FuzzTests
{
    private const int DefaultSeed = 20260101, Rounds = 14;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Request_OfAnything_IsAnsweredAsTheDocumentSays()
    {
        var (first, seconds) = (Number("PORTAL_FUZZ_SEED") ?? DefaultSeed, Number("PORTAL_FUZZ_SECONDS"));
        await using var world = await ExampleWorld.StartAsync();
        var (client, id) = await world.PersonAsync((BuiltInRoles.Administrator.Name, "all"));
        await world.PrepareAsync(id);
        var (watch, broken, asked, done) = (Stopwatch.StartNew(), new SortedDictionary<string, string>(StringComparer.Ordinal), 0, 0);
        for (var round = 0; seconds is null ? round < Rounds : watch.Elapsed.TotalSeconds < seconds; round++)
        {
            foreach (var operation in ApiDocument.Committed.Operations)
            {
                var seed = first + asked++;
                var call = new FuzzedCall(operation, new Random(seed));
                using var request = call.Make();
                var began = Stopwatch.GetTimestamp();
                using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
                if (await WrongAsync(operation, answer, Stopwatch.GetElapsedTime(began)) is { } wrong)
                {
                    broken.TryAdd($"{operation.Id}: {wrong}", $"PORTAL_FUZZ_SEED={seed} {call.Text}");
                }

                var status = (int)answer.StatusCode;
                done += status < 400 ? 1 : 0;
                if (status == 429)
                {
                    world.Portal.Time.Advance(TimeSpan.FromMinutes(1));
                }

                if (status is 401 or 403 or 429 || (status < 400 && operation.Method != "GET"))
                {
                    // It changed something, perhaps who asks.
                    client.Dispose();
                    (client, id) = await world.PersonAsync((BuiltInRoles.Administrator.Name, "all"));
                    await world.PrepareAsync(id);
                }
            }
        }

        client.Dispose();
        TestContext.Current.SendDiagnosticMessage($"api: {asked} requests from seed {first}, {done} done, {asked - done} refused");
        Assert.True(broken.Count == 0, string.Join('\n', broken.Select(finding => $"{finding.Key}\n    {finding.Value}")));
        Assert.InRange(done, 1, asked - 1);
    }

    /// <summary>What of the answer the document does not promise; null when all is well.</summary>
    private static async Task<string?> WrongAsync(ApiOperation operation, HttpResponseMessage answer, TimeSpan took)
    {
        var (status, type) = ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType);
        if (took > s_patience)
        {
            return $"took {took}";
        }

        if (status >= 500)
        {
            return $"answered {status} {await answer.Content.ReadAsStringAsync()}";
        }

        if (operation.Responses[$"{status}"] is not { } promised)
        {
            return $"answered {status}, which is not promised";
        }

        var content = promised["content"]?.AsObject();
        if (type is null)
        {
            return content is { Count: > 0 } ? $"answered {status} without the promised body" : null;
        }

        if (status >= 400 && type != "application/problem+json")
        {
            return $"answered {status} with {type}";
        }

        if (content?[type] is not { } described)
        {
            return $"answered {status} with {type}, which is not promised";
        }

        if (type is not ("application/json" or "application/problem+json"))
        {
            return null;
        }

        var text = await answer.Content.ReadAsStringAsync();
        if (text.Length == 0)
        {
            return $"answered {status} with {type} and nothing in it";
        }

        return text.Contains("Exception", StringComparison.Ordinal) || text.Contains("   at ", StringComparison.Ordinal) ? $"answered {status} with what is nobody's: {text}"
            : SchemaCheck.Against(operation.Document, described["schema"]!, JsonSerializer.Deserialize<JsonNode>(text)) is { } misfit ? $"answered {status} with another body: {misfit}"
            : null;
    }

    private static int? Number(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var number) ? number : null;
}
