using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Web.E2E;

/// <summary>What Docker clients hold open ends with the right to it; and what they were told is theirs stays so.</summary>
public sealed class DockerStreamTests(ReadyPortal portal) : IAsyncLifetime
{
    /// <summary>A promise: it does not follow <see cref="Patience.Factor"/>.</summary>
    private static readonly TimeSpan s_promised = TimeSpan.FromSeconds(5);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await portal.ClearAsync();

    [Theory]
    [InlineData("the token is revoked")]
    [InlineData("the session is ended")]
    [InlineData("the grant is removed")]
    [InlineData("the user is disabled")]
    public async Task Streams_WhenTheRightEnds_End(string when)
    {
        var person = await Person.DeveloperAsync(portal);
        var admin = await portal.TokenAsync();
        var session = when == "the session is ended" ? await person.SignInAsync() : null;
        var docker = person.Docker(token: session);
        await docker.RunDetachedAsync("--name", "mine", "busybox", "sh", "-c", "while :; do echo tick; sleep 0.2; done");
        ChildProcess[] streams =
        [
            docker.Start("logs", "-f", "mine"),
            docker.Start("attach", "--no-stdin", "--sig-proxy=false", "mine"),
            docker.Start("exec", "-i", "mine", "sh", "-c", "echo in; cat"),
            docker.Start("events"),
        ];
        try
        {
            foreach (var stream in streams[..3])
            {
                Assert.NotNull(await stream.ReadLineAsync());
            }

            var seen = streams[3].ReadLineAsync();
            while (!seen.IsCompleted)
            {
                (await docker.RunAsync("kill", "-s", "URG", "mine")).Succeeded();
            }

            var since = Stopwatch.StartNew();
            switch (when)
            {
                case "the token is revoked":
                    await Person.AskAsync(portal, HttpMethod.Delete, $"/users/{person.Id}/tokens/{person.TokenId}", admin);
                    break;
                case "the session is ended":
                    var sessions = await Person.AskAsync(portal, HttpMethod.Get, $"/users/{person.Id}/sessions", admin);
                    foreach (var one in (sessions.ValueKind == JsonValueKind.Array ? sessions : sessions.GetProperty("items")).EnumerateArray())
                    {
                        await Person.AskAsync(portal, HttpMethod.Delete, $"/users/{person.Id}/sessions/{one.GetProperty("id").GetString()}", admin);
                    }

                    break;
                case "the grant is removed":
                    var grants = await Person.AskAsync(portal, HttpMethod.Get, "/grants?pageSize=500", admin);
                    foreach (var grant in grants.GetProperty("items").EnumerateArray().Where(grant => grant.GetProperty("subjectId").GetString() == person.Id && grant.GetProperty("role").GetString() == "Developer"))
                    {
                        await Person.AskAsync(portal, HttpMethod.Delete, $"/grants/{grant.GetProperty("id").GetString()}", admin);
                    }

                    break;
                default:
                    await Person.AskAsync(portal, HttpMethod.Put, $"/users/{person.Id}", admin, new { name = person.Name, disabled = true }, "*");
                    break;
            }

            foreach (var stream in streams)
            {
                await stream.WaitAsync(Patience.Seconds(20));
            }

            Assert.True(since.Elapsed <= s_promised, $"The last stream ended after {since.Elapsed}.");

            // The container has lost its viewers, not its life, and the command that was typed into has ended with its terminal.
            Assert.Equal("running", await portal.Docker.InspectAsync("mine", "{{.State.Status}}"));
            Assert.NotEqual(0, (await docker.RunAsync("exec", "mine", "true")).ExitCode);
        }
        finally
        {
            foreach (var stream in streams)
            {
                await stream.DisposeAsync();
            }
        }
    }

    /// <summary>Killed at any moment: whoever was told that something was made owns it, and what nobody was told of is nobody's.</summary>
    [Fact]
    public async Task Portal_KilledAmongCreates_KeepsWhoseTheyAre()
    {
        var person = await Person.DeveloperAsync(portal);
        List<string> told = [];
        for (var round = 0; round < 3; round++)
        {
            var answered = 0;
            var creators = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
            {
                try
                {
                    while (true)
                    {
                        using var answer = await portal.SendAsync(HttpMethod.Post, "/api/v1/hosts/local/docker/containers/create", person.Token, new { Image = "busybox", Cmd = (string[])["true"] });
                        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
                        var id = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("Id").GetString()!;
                        lock (told)
                        {
                            told.Add(id);
                        }

                        Interlocked.Increment(ref answered);
                    }
                }
                catch (HttpRequestException)
                {
                    // It was killed.
                }
            })).ToArray();
            await Patience.UntilAsync("some were made", () => Volatile.Read(ref answered) > 5 + round);
            await portal.KillPortalAsync();
            await Task.WhenAll(creators);
            await portal.StartPortalAsync();
        }

        var seen = (await person.Docker().RunAsync("ps", "-aq", "--no-trunc")).Succeeded().Lines;
        var there = (await portal.Docker.RunAsync("ps", "-aq", "--no-trunc")).Succeeded().Lines;
        Assert.Subset(seen.ToHashSet(), told.ToHashSet());
        Assert.Subset(there.ToHashSet(), seen.ToHashSet());
        foreach (var some in told.Chunk(50))
        {
            (await person.Docker().RunAsync(["rm", "-f", .. some])).Succeeded();
        }
    }
}
