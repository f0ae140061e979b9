using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Portal.Agent.EngineApi;
using Portal.Agent.Node;
using Portal.Runtime;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Contexts;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Exec;
using Portal.Runtime.Files;
using Portal.Runtime.Images;
using Portal.Runtime.Networks;
using Portal.Runtime.Registries;
using Portal.Runtime.Volumes;

namespace Portal.Agent.Tests.EngineApi.Fakes;

/// <summary>The Engine API on a unix socket of its own, over a runtime in memory.</summary>
public sealed class EngineFixture : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-engine").FullName;
    private WebApplication? _app;

    internal FakeContainers Containers { get; } = new();

    internal FakeImages Images { get; } = new();

    internal FakeRegistries Registries { get; } = new();

    internal FakeFiles Files { get; } = new();

    internal FakeVolumeData VolumeData { get; } = new();

    internal FakeBuilds Builds { get; } = new();

    internal FakeEvents Events { get; } = new();

    internal FakeSampler Sampler { get; } = new();

    internal IServiceProvider Services => _app!.Services;

    internal string Socket => Path.Combine(_folder, "engine.sock");

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            NodeHost.Limit(kestrel);
            kestrel.ListenUnixSocket(Socket, NodeHost.Listen);
        });
        builder.Services
            .AddSingleton(TimeProvider.System)
            .AddSingleton(new RuntimeOptions { DataRoot = _folder })
            .AddSingleton(new NodeIdentity(new string('1', 32), Some.Time))
            .AddSingleton(new HostFacts("6.1.0", "Debian", "12", "x86_64", "amd64", 2, 1 << 30, "2"))
            .AddSingleton<IContainers>(Containers)
            .AddSingleton<IExecs>(Containers.Session)
            .AddSingleton<IRuntimeInfo, FakeRuntimeInfo>()
            .AddSingleton<IImages>(Images)
            .AddSingleton<IRegistries>(Registries)
            .AddSingleton<IContainerFiles>(Files)
            .AddSingleton<IDiskUsage>(Files)
            .AddSingleton<IBuilder>(Builds)
            .AddSingleton<IBuildContexts>(Builds)
            .AddSingleton<ContextFolders>()
            .AddSingleton(new ImageTrees(Images, null!))
            .AddSingleton<INetworks, FakeNetworks>()
            .AddSingleton<IVolumes, FakeVolumes>()
            .AddSingleton<IVolumeFiles>(VolumeData)
            .AddSingleton<IVolumeBackups>(VolumeData)
            .AddSingleton<IRuntimeEvents>(Events)
            .AddSingleton<IStatsSampler>(Sampler)
            .AddEngineApi();
        _app = builder.Build();
        _app.UseEngineApi();
        await _app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync(new CancellationToken(canceled: true));
            await _app.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Client of plain calls.</summary>
    internal HttpClient Client() => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, ct) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), ct);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = new("http://docker"),
    };

    /// <summary>A connection by hand, for what an HTTP client would not do.</summary>
    internal async Task<RawClient> RawAsync(string request)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket));
        await socket.SendAsync(Encoding.ASCII.GetBytes(request.ReplaceLineEndings("\r\n")));
        return new(socket);
    }
}

/// <summary>A connection by hand.</summary>
internal sealed class RawClient(Socket socket) : IDisposable
{
    public void Dispose() => socket.Dispose();

    public Task SendAsync(string text) => socket.SendAsync(Encoding.UTF8.GetBytes(text));

    public void CloseInput() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>The response's head, with its blank line.</summary>
    public async Task<string> HeadAsync()
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await socket.ReceiveAsync(one) == 1)
        {
            _ = head.Append((char)one[0]);
        }

        return head.ToString();
    }

    public async Task<byte[]> ReadAsync(int length)
    {
        var bytes = new byte[length];
        for (var done = 0; done < length;)
        {
            var read = await socket.ReceiveAsync(bytes.AsMemory(done));
            if (read == 0)
            {
                return bytes[..done];
            }

            done += read;
        }

        return bytes;
    }

    /// <summary>All until the engine closes, which it has to do by itself and not when the connection idles out.</summary>
    public async Task<byte[]> RestAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var all = new MemoryStream();
        var buffer = new byte[4096];
        while (await socket.ReceiveAsync(buffer, patience.Token) is > 0 and var read)
        {
            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }
}
