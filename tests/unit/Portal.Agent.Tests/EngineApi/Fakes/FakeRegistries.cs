using Portal.Domain.Primitives;
using Portal.Runtime.Registries;

namespace Portal.Agent.Tests.EngineApi.Fakes;

/// <summary>A registry with one image, <c>team/app:1</c>, whose last layer is broken under the tag <c>torn</c>.</summary>
internal sealed class FakeRegistries : IRegistries
{
    public ImagePull? Pulled { get; private set; }

    public ImagePush? Pushed { get; private set; }

    public RegistryCredential? SignedIn { get; private set; }

    public Task<Digest> PullAsync(ImagePull pull, IProgress<TransferProgress> progress, CancellationToken ct)
    {
        Pulled = pull;
        if (pull.Reference.Path != "team/app")
        {
            throw new ErrorException(ErrorKind.NotFound, "registry.not-found", $"manifest for {pull.Reference.Familiar} not found: manifest unknown: manifest unknown");
        }

        progress.Report(new(pull.Reference.Tag ?? "", "Pulling from team/app"));
        progress.Report(new("0123456789ab", "Downloading", 512, 2048));
        return pull.Reference.Tag == "torn" ? throw new ErrorException(ErrorKind.Invalid, "registry.bad-content", "a layer is torn") : Task.FromResult(Some.Image.Id);
    }

    public Task<IReadOnlyList<PushedImage>> PushAsync(ImagePush push, IProgress<TransferProgress> progress, CancellationToken ct)
    {
        Pushed = push;
        progress.Report(new("", "The push refers to repository [docker.io/team/app]"));
        return Task.FromResult<IReadOnlyList<PushedImage>>([new("1", Some.Image.Id, 528)]);
    }

    public Task<RemoteImage> InspectAsync(ImageReference reference, IRegistryCredentials? credentials, CancellationToken ct) =>
        Task.FromResult(new RemoteImage("application/vnd.oci.image.index.v1+json", Some.Image.Id, 7, ["linux/amd64", "linux/arm/v7"]));

    public Task<(string Status, string IdentityToken)> LoginAsync(string registry, RegistryCredential credential, CancellationToken ct)
    {
        SignedIn = credential;
        return Task.FromResult(("Login Succeeded", "token"));
    }

    public Task<IReadOnlyList<FoundRepository>> SearchAsync(string term, int limit, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<FoundRepository>>([new(term, "it", 7, true, false), new("other", "", 1, false, false)]);
}
