using System.Text;
using Microsoft.AspNetCore.Http;
using Portal.Api.Adapters.Hosts;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;

namespace Portal.Api.Tests.Adapters.Hosts;

public class EngineVolumeGatewayTests
{
    private static readonly VolumePlace s_place = new(FakeEngine.Local, "data", "a b/ü&x");

    [Fact]
    public async Task List_OfAFolder_AsksTheControlApi()
    {
        await using var engine = await FakeEngineSocket.StartAsync(
            200, """{"Entries":[{"Name":"link","Kind":"link","Size":3,"Mode":511,"UserId":1,"GroupId":2,"Modified":"2020-01-02T03:04:05Z","LinkTarget":"/x"},{"Name":"?","NameBytes":"/w==","Kind":"folder","Modified":""}],"Total":8,"Next":"bGluaw=="}""");

        var folder = (await new EngineVolumeGateway(engine.Calls).ListAsync(s_place, "YQ==", 2, default)).Value;

        Assert.Equal(["GET /control/v1/volumes/data/files?path=a b/ü&x&limit=2&after=YQ=="], engine.Requests);
        Assert.Equal((8, "bGluaw=="), (folder.Total, folder.Next));
        Assert.Equal(new VolumeFileView("link", true, VolumeEntryKind.Link, 3, 511, 1, 2, new(2020, 1, 2, 3, 4, 5, default), "/x"), folder.Files[0]);
        Assert.False(folder.Files[1].IsExact);
    }

    [Fact]
    public async Task Backup_PipedIntoARestore_ArrivesAsItIs()
    {
        var received = new MemoryStream();
        await using var engine = await FakeEngineSocket.StartAsync(async http =>
        {
            if (http.Request.Method == "GET")
            {
                for (var i = 0; i < 64; i++)
                {
                    await http.Response.Body.WriteAsync(Enumerable.Repeat((byte)i, 100_000).ToArray());
                }
            }
            else
            {
                await http.Request.Body.CopyToAsync(received);
                http.Response.StatusCode = 201;
            }
        });
        var gateway = new EngineVolumeGateway(engine.Calls);

        await using var backup = (await gateway.BackupAsync(FakeEngine.Local, "data", VolumeQuiet.Pause, default)).Value;
        Assert.True((await gateway.RestoreAsync(FakeEngine.Local, "copy", backup.Stream, default)).IsSuccess);

        Assert.Equal(6_400_000, received.Length);
        Assert.Equal(["GET /control/v1/volumes/data/backup?path=&quiet=pause", "PUT /control/v1/volumes/copy/restore?path="], engine.Requests);
    }

    [Fact]
    public async Task Backup_ThatBreaksOff_IsNoRestore()
    {
        var whole = new TaskCompletionSource<bool>();
        await using var engine = await FakeEngineSocket.StartAsync(async http =>
        {
            if (http.Request.Method == "GET")
            {
                await http.Response.Body.WriteAsync(new byte[100_000]);
                await http.Response.Body.FlushAsync();
                http.Abort();
                return;
            }

            try
            {
                await http.Request.Body.CopyToAsync(Stream.Null);
                whole.SetResult(true);
            }
            catch (IOException)
            {
                whole.SetResult(false);
                throw;
            }
        });
        var gateway = new EngineVolumeGateway(engine.Calls);

        await using var backup = (await gateway.BackupAsync(FakeEngine.Local, "data", VolumeQuiet.None, default)).Value;
        var result = await gateway.RestoreAsync(FakeEngine.Local, "copy", backup.Stream, default);

        Assert.Equal(ErrorKind.Unavailable, result.Error!.Kind);
        Assert.False(await whole.Task);
    }

    [Fact]
    public async Task Engine_WithoutAControlApi_IsToldApartFromAMissingVolume()
    {
        await using var docker = await FakeEngineSocket.StartAsync(404, """{"message":"page not found"}""");
        await using var agent = await FakeEngineSocket.StartAsync(404, """{"message":"get data: no such volume"}""");

        Assert.Equal(ErrorKind.NotImplemented, (await new EngineVolumeGateway(docker.Calls).ReadAsync(s_place, null, default)).Error!.Kind);
        Assert.Equal(ErrorKind.NotFound, (await new EngineVolumeGateway(agent.Calls).ReadAsync(s_place, null, default)).Error!.Kind);
    }

    [Fact]
    public async Task Write_OfAFile_SendsItsContent()
    {
        var text = "";
        await using var engine = await FakeEngineSocket.StartAsync(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            text = await reader.ReadToEndAsync();
            http.Response.StatusCode = 204;
        });

        Assert.True((await new EngineVolumeGateway(engine.Calls).WriteAsync(s_place, new MemoryStream(Encoding.UTF8.GetBytes("content")), true, default)).IsSuccess);

        Assert.Equal(("content", "PUT /control/v1/volumes/data/content?path=a b/ü&x&overwrite=1"), (text, engine.Requests.Single()));
    }
}
