using System.Text.Json.Serialization.Metadata;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Docker;

/// <summary>A request to an engine whose operation was found. Its body is not read yet.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="Path">Its path.</param>
/// <param name="Name">The name in the path; empty for none.</param>
/// <param name="Query">Its query.</param>
public sealed record DockerCall(DockerOperation Operation, DockerPath Path, string Name, DockerQuery Query)
{
    /// <summary>The body of a request that carries JSON.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>What the body is said to be; null for nothing said.</summary>
    public string? ContentType { get; init; }

    /// <summary>The container that the command in the path runs in, looked up.</summary>
    public string? ExecContainer { get; init; }

    /// <summary>True for what goes on for as long as its caller likes: a terminal, something that is followed, an archive.</summary>
    public bool Lasts => Operation is { Hijacks: true } or { Answer: DockerAnswer.Events } or { Body: DockerBody.Archive } or { Template: "containers/{id}/wait" }
        || (Operation.Template == "containers/{id}/logs" && Query.First("follow") is not (null or "0" or "false"))
        || (Operation.Template == "containers/{id}/stats" && Query.First("stream") is not ("0" or "false"));

    /// <summary>The version that the request is of.</summary>
    public ApiVersion Version => Path.Version ?? ApiVersion.Highest;

    /// <summary>The request line's target as it is sent on, with the name that was looked up in the place of the one that was given.</summary>
    public string Target(string? name)
    {
        var path = string.Join('/', Operation.Template.Split('/').Select(part => part[0] == '{' ? name ?? Name : part));
        return (Path.Version is { } version ? $"/v{version}/{path}" : "/" + path) + (Query.Pairs.IsEmpty ? "" : $"?{Query}");
    }

    /// <summary>Finds the operation of a request.</summary>
    /// <param name="method">Method.</param>
    /// <param name="path">Path as it stands in the request line, behind the host's own.</param>
    /// <param name="query">Query without its question mark.</param>
    /// <returns>Errors: <c>docker.path</c>, <c>docker.query</c> (400), <c>docker.route</c> (403).</returns>
    public static Result<DockerCall> Find(string method, string path, string query)
    {
        if (!DockerPath.TryParse(path, out var parsed))
        {
            return new Error(ErrorKind.Invalid, "docker.path", "The path is not written as the Docker Engine API writes paths.");
        }

        if (!DockerQuery.TryParse(query, out var pairs))
        {
            return new Error(ErrorKind.Invalid, "docker.query", "The query is not written as the Docker Engine API writes queries.");
        }

        if (DockerCatalogue.Find(method, parsed.Segments.AsSpan(), out var name) is not { } operation)
        {
            return new Error(ErrorKind.Forbidden, "docker.route", $"{method} /{string.Join('/', parsed.Segments)} is not in the catalogue of the Docker Engine API, and what is not there is refused.");
        }

        return operation.Refuse(name) is { } refusal ? refusal : new DockerCall(operation, parsed, name, pairs);
    }

    /// <summary>The body; null when there is none.</summary>
    /// <exception cref="ErrorException">400: it is not of the contract, or more than that.</exception>
    internal T? Read<T>(JsonTypeInfo<T> type) where T : class => Body.IsEmpty ? null : EngineBody.Parse(Body.Span, type);

    /// <summary>The body; an empty one when there is none.</summary>
    internal T Take<T>(JsonTypeInfo<T> type) where T : class, new() => Read(type) ?? new();
}
