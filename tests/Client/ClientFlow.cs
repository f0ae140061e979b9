using System.Net.ServerSentEvents;
using System.Text.Json;

namespace Portal.GeneratedClient;

/// <summary>What a program does that knows the portal by its description alone, at whatever portal has an administrator.</summary>
internal static class ClientFlow
{
    private const string Password = "correct horse battery";

    /// <summary>People and their rights, hosts, a container from its making to its end, long work, and refusals.</summary>
    /// <param name="web">Leads to the portal.</param>
    /// <param name="administrator">The administrator's name.</param>
    /// <param name="password">And password.</param>
    /// <param name="image">An image on the portal's own host.</param>
    /// <param name="whenStarted">Looks, by other means, at the container of this name that was started.</param>
    public static async Task RunAsync(HttpClient web, string administrator, string password, string image, Func<string, Task> whenStarted)
    {
        var name = "made" + Guid.NewGuid().ToString("N")[..8];
        var nobody = new PortalClient(web);
        await RefusedAsync(409, "setup.closed", () => nobody.CompleteSetupAsync(new() { Secret = "AAAAA", UserName = "eve", Password = Password }));
        await RefusedAsync(401, "access.sign_in", () => nobody.GetMeAsync());
        var admin = await SignInAsync(web, administrator, password);
        Assert.Equal(administrator, (await admin.GetMeAsync()).Result.UserName);

        var developer = await MakeDeveloperAsync(web, admin, name);
        Assert.Contains((await developer.ListHostsAsync(sort: "name")).Result.Items, host => host is { Id: "local", Problem: null });
        await RefusedAsync(403, "access.denied", () => developer.ListUsersAsync());

        await UseContainerAsync(developer, name, image, whenStarted);
        await WaitForWorkAsync(admin, image);
    }

    /// <summary>A member of a team with a role, by an API token.</summary>
    private static async Task<PortalClient> MakeDeveloperAsync(HttpClient web, PortalClient admin, string name)
    {
        var user = (await admin.CreateUserAsync(new() { Name = name, Password = Password })).Result;
        var team = await admin.CreateTeamAsync(new() { Name = name });
        var joined = await admin.UpdateTeamAsync(team.Result.Id, ETag(await admin.GetTeamAsync(team.Result.Id)), new() { Name = name, Members = [user.Id] });
        Assert.Equal([user.Id], joined.Result.Members);
        await RefusedAsync(412, "request.stale", () => admin.UpdateTeamAsync(team.Result.Id, ETag(team), new() { Name = name, Members = [] }));
        var grant = (await admin.CreateGrantAsync(new() { SubjectKind = SubjectKind.Team, SubjectId = team.Result.Id, Role = "Developer", Scope = "host:local" })).Result;
        Assert.Equal((SubjectKind.Team, "Developer"), (grant.SubjectKind, grant.Role));

        var made = (await (await SignInAsync(web, name, Password)).IssueMyTokenAsync(new() { Name = "program", Days = 1 })).Result;
        Assert.InRange(made.Token.Expires, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(2));
        return new(web) { Token = made.Secret };
    }

    private static async Task UseContainerAsync(PortalClient developer, string name, string image, Func<string, Task> whenStarted)
    {
        var wanted = new NewContainer { Image = image, Name = name, Command = ["sleep", "600"], Labels = new Dictionary<string, string> { ["made-by"] = "program" } };
        var made = (await developer.CreateContainerAsync("local", wanted, idempotency_Key: name)).Result;
        Assert.Equal(made.Id, (await developer.CreateContainerAsync("local", wanted, idempotency_Key: name)).Result.Id);
        await RefusedAsync(409, "engine.conflict", () => developer.CreateContainerAsync("local", wanted));

        var listed = await UntilAsync(async () => (await developer.ListContainersAsync("local", name: name, sort: "-created")).Result.Items.SingleOrDefault(), item => item is not null);
        Assert.Equal((made.Id, "created", "program"), (listed!.Id, listed.State, listed.Labels["made-by"]));
        Assert.Equal(204, (await developer.StartContainerAsync("local", name)).StatusCode);
        await whenStarted(name);

        var read = await developer.GetContainerAsync("local", name);
        Assert.Equal((made.Id, "no"), (read.Result.Container.Id, read.Result.RestartPolicy));
        var changed = await developer.UpdateContainerAsync("local", name, ETag(read), new() { RestartPolicy = "on-failure:3" });
        Assert.Equal("on-failure:3", changed.Result.RestartPolicy);
        await RefusedAsync(412, "request.stale", () => developer.UpdateContainerAsync("local", name, ETag(read), new() { RestartPolicy = "always" }));
        var invalid = await RefusedAsync(400, "request.invalid", () => developer.UpdateContainerAsync("local", name, "*", new() { RestartPolicy = "sometimes" }));
        Assert.Equal(["RestartPolicy"], invalid.Errors!.Keys);

        Assert.Equal(204, (await developer.RemoveContainerAsync("local", name, force: true)).StatusCode);
        await UntilAsync(async () => (await developer.ListContainersAsync("local", name: name)).Result.Total, total => total == 0);
        await RefusedAsync(404, "container.unknown", () => developer.GetContainerAsync("local", name));
    }

    /// <summary>Operations to their end, a good one and a bad one: an image through the program and back, and a pull from where there is no registry.</summary>
    private static async Task WaitForWorkAsync(PortalClient admin, string image)
    {
        using var archive = await admin.SaveImageAsync("local", image);
        var loaded = await EndAsync(admin, (await admin.LoadImagesAsync("local", body: new FileParameter(archive.Stream, "image.tar", "application/x-tar"))).Result);
        Assert.Equal((OperationKind.ImageLoad, OperationState.Succeeded, null), (loaded.Kind, loaded.State, loaded.Error));
        Assert.Contains(image, Assert.Single(loaded.Result!.Loaded), StringComparison.Ordinal);

        var begun = await admin.PullImageAsync("local", new() { Image = "127.0.0.1:1/nothing" });
        Assert.Equal(202, begun.StatusCode);
        var pulled = await EndAsync(admin, begun.Result);
        Assert.Equal((OperationKind.ImagePull, OperationState.Failed, null), (pulled.Kind, pulled.State, pulled.Result));
        Assert.StartsWith("engine.", pulled.Error!.Code, StringComparison.Ordinal);
        Assert.Equal(pulled.Ended, (await admin.GetOperationAsync(pulled.Id)).Result.Ended);
        await RefusedAsync(409, "operation.ended", () => admin.CancelOperationAsync(pulled.Id));
    }

    /// <summary>How it has ended, by its events.</summary>
    private static async Task<OperationItem> EndAsync(PortalClient client, OperationItem operation)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var followed = await client.FollowOperationAsync(operation.Id, cancellationToken: limit.Token);
        var events = SseParser.Create(followed.Stream, (_, data) => JsonSerializer.Deserialize<OperationEvent>(data)!);
        await foreach (var moment in events.EnumerateAsync(limit.Token))
        {
            operation = moment.Data.Operation;
        }

        Assert.NotNull(operation.Ended);
        return operation;
    }

    private static async Task<PortalClient> SignInAsync(HttpClient web, string name, string password) =>
        new(web) { Token = (await new PortalClient(web).IssueTokenAsync(new() { UserName = name, Password = password })).Result.AccessToken };

    private static string ETag(SwaggerResponse answer) => Assert.Single(answer.Headers["ETag"]);

    private static async Task<ProblemDetails> RefusedAsync(int status, string code, Func<Task> ask)
    {
        var refusal = await Assert.ThrowsAsync<ApiException<ProblemDetails>>(ask);
        Assert.Equal((status, code), (refusal.StatusCode, refusal.Result.Code));
        return refusal.Result;
    }

    private static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> isSo)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            if (await ask() is var answer && isSo(answer))
            {
                return answer;
            }

            await Task.Delay(50, limit.Token);
        }
    }
}
