using Portal.Domain.Primitives;

namespace Portal.Runtime.Registries;

/// <summary>Images over the OCI Distribution protocol. Messages of errors are Docker's own words.</summary>
public interface IRegistries
{
    /// <summary>
    /// Pulls one reference, or every tag of a repository. Layers come in parallel, each is unpacked while the next ones come. Nothing is tagged before all of it is there and right.
    /// </summary>
    /// <returns>Id of the image; of the last one for all tags.</returns>
    /// <exception cref="ErrorException">404 when the registry has no such image, 401/403 when it does not let us, 400 for what it sent being wrong, 500 when it cannot be reached.</exception>
    Task<Digest> PullAsync(ImagePull pull, IProgress<TransferProgress> progress, CancellationToken ct);

    /// <summary>Pushes one reference, or every local tag of a repository.</summary>
    /// <returns>What was pushed, by tag.</returns>
    Task<IReadOnlyList<PushedImage>> PushAsync(ImagePush push, IProgress<TransferProgress> progress, CancellationToken ct);

    /// <summary>Asks a registry what a reference stands for.</summary>
    Task<RemoteImage> InspectAsync(ImageReference reference, IRegistryCredentials? credentials, CancellationToken ct);

    /// <summary>Tries credentials against a registry.</summary>
    /// <returns>The status to show, <c>Login Succeeded</c>, and the token that stands for the password from now on; empty for none.</returns>
    Task<(string Status, string IdentityToken)> LoginAsync(string registry, RegistryCredential credential, CancellationToken ct);

    /// <summary>Searches Docker Hub, or the index that the administrator named instead.</summary>
    Task<IReadOnlyList<FoundRepository>> SearchAsync(string term, int limit, CancellationToken ct);
}

/// <param name="Name">Repository as people write it.</param>
/// <param name="Description">May be empty.</param>
/// <param name="Stars">How many people like it.</param>
/// <param name="IsOfficial">One of the index's own.</param>
/// <param name="IsAutomated">Built there of its source.</param>
public sealed record FoundRepository(string Name, string Description, long Stars, bool IsOfficial, bool IsAutomated);

/// <param name="Reference">What; without tag and digest it is <c>latest</c>, unless all tags are asked for.</param>
/// <param name="AllTags">Every tag of the repository.</param>
/// <param name="Platform"><c>os/arch[/variant]</c>; null for the host's.</param>
/// <param name="Credentials">Who we are; null for nobody.</param>
public sealed record ImagePull(ImageReference Reference, bool AllTags, string? Platform, IRegistryCredentials? Credentials);

/// <param name="Reference">What, as it is called here.</param>
/// <param name="AllTags">Every tag of the repository.</param>
/// <param name="Platform"><c>os/arch[/variant]</c>; null for the only one.</param>
/// <param name="Credentials">Who we are; null for nobody.</param>
public sealed record ImagePush(ImageReference Reference, bool AllTags, string? Platform, IRegistryCredentials? Credentials);

/// <param name="Tag">Tag.</param>
/// <param name="Digest">Of the manifest.</param>
/// <param name="Size">Of the manifest, bytes.</param>
public sealed record PushedImage(string Tag, Digest Digest, long Size);

/// <param name="MediaType">Of the manifest or index.</param>
/// <param name="Digest">Its digest.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Platforms"><c>os/arch[/variant]</c> that it has.</param>
public sealed record RemoteImage(string MediaType, Digest Digest, long Size, IReadOnlyList<string> Platforms);

/// <summary>One line of a transfer as Docker's clients draw it.</summary>
/// <param name="Id">Short id of a layer, tag, or empty for a line about the whole.</param>
/// <param name="Status">Docker's words: <c>Downloading</c>, <c>Pull complete</c>, <c>Layer already exists</c>, …</param>
/// <param name="Current">Bytes so far; 0 for no bar.</param>
/// <param name="Total">Bytes in all; 0 when nobody knows.</param>
public readonly record struct TransferProgress(string Id, string Status, long Current = 0, long Total = 0);

/// <summary>Knows who to be for a registry.</summary>
public interface IRegistryCredentials
{
    /// <summary>Credentials for a registry's host (<c>docker.io</c>, <c>localhost:5000</c>); null to ask as nobody.</summary>
    Task<RegistryCredential?> ForAsync(string registry, CancellationToken ct);
}

/// <param name="UserName">May be empty with a token.</param>
/// <param name="Password">Never logged.</param>
/// <param name="IdentityToken">OAuth refresh token that stands for the password; empty for none. Never logged.</param>
/// <param name="RegistryToken">Bearer token for the registry itself; empty for none. Never logged.</param>
public sealed record RegistryCredential(string UserName, string Password, string IdentityToken = "", string RegistryToken = "")
{
    /// <summary>Tells who, never with what.</summary>
    public override string ToString() => $"RegistryCredential {{ UserName = {UserName} }}";
}
