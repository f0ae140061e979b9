using System.Text;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace Portal.Engine.E2E;

/// <summary>A client library that knows nothing of Portal.</summary>
public sealed class DockerDotNetTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Client_FromCreateToRemove_WorksUnmodified()
    {
        using var configuration = new DockerClientConfiguration(new Uri($"unix://{Engine.Socket}"));
        using var client = configuration.CreateClient();

        await client.System.PingAsync();
        Assert.Equal("busybox:latest", Assert.Single(Assert.Single(await client.Images.ListImagesAsync(new ImagesListParameters())).RepoTags));

        var created = await client.Containers.CreateContainerAsync(new CreateContainerParameters { Image = "busybox", Name = "dotnet", Cmd = ["sh", "-c", "echo hello; exit 4"] });
        Assert.True(await client.Containers.StartContainerAsync(created.ID, new ContainerStartParameters()));
        Assert.Equal(4, (await client.Containers.WaitContainerAsync(created.ID)).StatusCode);

        using (var logs = await client.Containers.GetContainerLogsAsync(created.ID, tty: false, new ContainerLogsParameters { ShowStdout = true }))
        {
            using var text = new MemoryStream();
            await logs.CopyOutputToAsync(Stream.Null, text, Stream.Null, default);
            Assert.Equal("hello\n", Encoding.UTF8.GetString(text.ToArray()));
        }
        Assert.Equal(created.ID, Assert.Single(await client.Containers.ListContainersAsync(new ContainersListParameters { All = true })).ID);
        await client.Containers.RemoveContainerAsync(created.ID, new ContainerRemoveParameters());
        await Assert.ThrowsAsync<DockerContainerNotFoundException>(() => client.Containers.InspectContainerAsync(created.ID));
    }
}
