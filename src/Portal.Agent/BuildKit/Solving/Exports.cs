using System.Globalization;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Portal.Agent.BuildKit.Sessions;
using Portal.Agent.BuildKit.Transport;
using Portal.Agent.BuildKit.Wire.Session;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Contexts;
using Portal.Runtime.Images;
using Portal.Runtime.Registries;
using Exporter = Portal.Agent.BuildKit.Wire.Exporter;
using SolveRequest = Portal.Agent.BuildKit.Wire.SolveRequest;

namespace Portal.Agent.BuildKit.Solving;

/// <summary>Brings what was built to where the client wants it: the image store, a registry, or back to the client as files, tar or image archive.</summary>
internal sealed class Exports(IImages images, ImageTrees trees, IRegistries registries)
{
    private static readonly string[] s_stored = ["moby", "image"];
    private static readonly string[] s_named = ["moby", "image", "docker", "oci"];
    private static readonly string[] s_sent = ["docker", "oci", "tar", "local"];

    /// <summary>What a request wants, refused where nobody here can do it.</summary>
    public static IReadOnlyList<Exporter> Read(SolveRequest request)
    {
        IReadOnlyList<Exporter> wanted = request.Exporters.Count > 0 ? request.Exporters
            : request.ExporterDeprecated.Length > 0 ? [new Exporter { Type = request.ExporterDeprecated, Attrs = { request.ExporterAttrsDeprecated } }]
            : [];
        foreach (var exporter in wanted)
        {
            Refuse(exporter);
        }

        return wanted;
    }

    /// <summary>What would lead to another result than was asked for. Options that only say how the same is stored are passed over.</summary>
    private static void Refuse(Exporter exporter)
    {
        if (!s_named.Contains(exporter.Type) && !s_sent.Contains(exporter.Type))
        {
            throw new ErrorException(ErrorKind.NotFound, "build.exporter", $"exporter \"{exporter.Type}\" could not be found");
        }

        foreach (var (name, refused) in (ReadOnlySpan<(string, bool)>)[("push-by-digest", true), ("rewrite-timestamp", true), ("tar", false)])
        {
            if (exporter.Attrs.TryGetValue(name, out var text) && bool.TryParse(text, out var value) && value == refused)
            {
                throw new ErrorException(ErrorKind.NotImplemented, "build.exporter_option", $"{name}={text} of the exporter {exporter.Type} is not supported by this engine");
            }
        }
    }

    /// <summary>An image of it stays in the store.</summary>
    public static bool IsKept(Exporter exporter) => s_stored.Contains(exporter.Type) || (s_named.Contains(exporter.Type) && Names([exporter]).Count > 0);

    /// <summary>References that images get.</summary>
    public static IReadOnlyList<string> Names(IReadOnlyList<Exporter> wanted) =>
    [
        .. wanted.Where(e => s_named.Contains(e.Type)).SelectMany(e => SolveAttributes.Csv(e.Attrs.TryGetValue("name", out var names) ? names : ""))
            .Where(name => name.Length > 0).Select(name => Parse(name).Familiar).Distinct(StringComparer.Ordinal),
    ];

    /// <summary>Does it.</summary>
    /// <returns>What clients read the result's ids from.</returns>
    public async Task<IReadOnlyDictionary<string, string>> RunAsync(
        IReadOnlyList<Exporter> wanted, BuildResult result, ClientSession? session, StatusJournal journal, CancellationToken ct)
    {
        var answer = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < wanted.Count; i++)
        {
            var image = result.Image ?? throw new ErrorException(ErrorKind.Internal, "build.no_image", "the build has made no image");
            var exporter = wanted[i];
            // Of this build alone: a client may show several builds at once.
            var step = new BuildStep($"export:{Guid.NewGuid():n}", Title(exporter.Type), "", 0, 0, "", 0, []);
            journal.Started(step);
            var digest = image;
            try
            {
                if (s_stored.Contains(exporter.Type))
                {
                    digest = await StoreAsync(exporter, image, session, step, journal, ct) ?? image;
                }
                else
                {
                    await SendAsync(exporter, i, image, session, step, journal, ct);
                }

                journal.Completed(step, new(false, null, "", ""));
            }
            catch (Exception e)
            {
                journal.Completed(step, new(false, e.Message, "", ""));
                throw;
            }

            if (s_named.Contains(exporter.Type))
            {
                answer["containerimage.config.digest"] = image.ToString();
                answer["containerimage.digest"] = digest.ToString();
                if (Names([exporter]) is { Count: > 0 } names)
                {
                    answer["image.name"] = string.Join(',', names.Select(n => Parse(n).ToString()));
                }
            }
        }

        return answer;
    }

    private static ImageReference Parse(string name) => ImageReference.TryParse(name, out var reference, out var problem)
        ? reference.WithDefaultTag()
        : throw EngineErrors.Invalid("build.name", $"failed to parse {name}: {problem}");

    private static string Title(string type) => type switch
    {
        "local" => "exporting to client directory",
        "tar" => "exporting to client tarball",
        "docker" => "exporting to docker image format",
        "oci" => "exporting to oci image format",
        _ => "exporting to image",
    };

    /// <returns>Digest of the manifest that was pushed; null when none was.</returns>
    private async Task<Digest?> StoreAsync(Exporter exporter, Digest image, ClientSession? session, BuildStep step, StatusJournal journal, CancellationToken ct)
    {
        // The builder has done these already; they are what clients show of it.
        journal.Moved(step, "exporting layers", 0, 0, true);
        journal.Moved(step, $"writing image {image}", 0, 0, true);
        var names = Names([exporter]);
        foreach (var name in names)
        {
            journal.Moved(step, $"naming to {Parse(name)}", 0, 0, true);
        }

        Digest? pushed = null;

        // A client that asks for "moby" pushes by itself afterwards.
        if (exporter.Type == "image" && exporter.Attrs.TryGetValue("push", out var push) && bool.TryParse(push, out var pushes) && pushes)
        {
            foreach (var name in names)
            {
                var answer = await registries.PushAsync(
                    new(Parse(name), false, null, session is null ? null : new SessionCredentials(session)), new Transfers(journal, step, name), ct);
                pushed = answer[^1].Digest;
            }
        }

        return pushed;
    }

    private async Task SendAsync(Exporter exporter, int number, Digest image, ClientSession? session, BuildStep step, StatusJournal journal, CancellationToken ct)
    {
        if (session?.Serves("/moby.filesync.v1.FileSend/DiffCopy") != true)
        {
            throw EngineErrors.Invalid("build.session", "method /moby.filesync.v1.FileSend/diffcopy not supported by the client");
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct, session.Closed);
        var headers = new Metadata { { "buildkit-attachable-exporter-id", number.ToString(CultureInfo.InvariantCulture) } };
        try
        {
            if (exporter.Type == "local")
            {
                using var tree = await trees.OpenAsync(image, ct);
                await FileSending.SendAsync(session, tree, headers, (bytes, done) => journal.Moved(step, "copying files", bytes, 0, done), stop.Token);
                return;
            }

            foreach (var name in Names([exporter]).Take(1))
            {
                headers.Add("exporter-md-image.name", Parse(name).ToString());
            }

            using var call = new FileSend.FileSendClient(session.Calls).DiffCopy(headers, cancellationToken: stop.Token);
            await using var stream = new CallStream<BytesMessage>(
                call.RequestStream, call.ResponseStream, static m => m.Data, static bytes => new() { Data = UnsafeByteOperations.UnsafeWrap(bytes) }, call);
            await using var counted = new CountingStream(stream, bytes => journal.Moved(step, "sending tarball", bytes, 0, false));
            if (exporter.Type == "tar")
            {
                using var tree = await trees.OpenAsync(image, ct);
                await tree.WriteTarAsync(counted, stop.Token);
            }
            else
            {
                var names = Names([exporter]);
                await images.SaveAsync(names.Count > 0 ? names : [image.ToString()], counted, stop.Token);
            }

            await stream.CompleteAsync(stop.Token);
            journal.Moved(step, "sending tarball", counted.Written, 0, true);
        }
        catch (RpcException e)
        {
            ct.ThrowIfCancellationRequested();
            throw session.Failed(e);
        }
        catch (IOException e) when (e.InnerException is RpcException rpc)
        {
            ct.ThrowIfCancellationRequested();
            throw session.Failed(rpc);
        }
    }

    /// <summary>A push as steps of the build.</summary>
    private sealed class Transfers(StatusJournal journal, BuildStep step, string name) : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value)
        {
            var item = new StringBuilder("pushing ").Append(value.Id.Length > 0 ? value.Id : name);
            journal.Moved(step, item.ToString(), value.Current, value.Total, value.Status is "Pushed" or "Layer already exists");
        }
    }
}
