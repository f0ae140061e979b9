using System.Collections.Immutable;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Docker;

/// <summary>A request to an engine, read: everything that the decision depends on, but for what is on the host.</summary>
/// <param name="Call">The request.</param>
/// <param name="References">What it names; the name in the path first.</param>
/// <param name="Contents">What it holds.</param>
public sealed record DockerAsk(DockerCall Call, ImmutableArray<DockerReference> References, DockerContents Contents)
{
    /// <summary>Names of the query that may be there more than once.</summary>
    private static readonly string[] s_repeated = ["t", "changes", "names", "extrahosts", "securityopt", "type"];

    /// <summary>Reads a request of somebody whom the host's restrictions hold back: all of it, and what is not known is refused by name.</summary>
    public static Result<DockerAsk> Read(DockerCall call)
    {
        var operation = call.Operation;
        if (call.Query.Pairs.Select(pair => pair.Name).FirstOrDefault(name => !operation.Query.Contains(name)) is { } unknown)
        {
            return Refuse($"{operation} has no parameter \"{unknown}\" that is known here.");
        }

        if (call.Query.Pairs.CountBy(pair => pair.Name).FirstOrDefault(count => count.Value > 1 && !s_repeated.Contains(count.Key)).Key is { } twice)
        {
            return Refuse($"The parameter \"{twice}\" is there twice.");
        }

        // Engines look for parameters in the bodies of forms too.
        var media = (call.ContentType ?? "").Split(';')[0].Trim();
        if (media.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) || media.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase)
            || (operation.Body == DockerBody.Json && !call.Body.IsEmpty && !media.Equals("application/json", StringComparison.OrdinalIgnoreCase)))
        {
            return Refuse($"{operation} carries no {(media.Length > 0 ? media : "body of an unnamed type")}.");
        }

        try
        {
            var contents = operation.Reader?.Invoke(call) ?? DockerContents.Nothing;
            ImmutableArray<DockerReference> named = operation switch
            {
                { Place: DockerPlace.Named, Kind: { } kind } => [new(kind, call.Name, operation.Permission) { InPath = true, Lends = operation.Enters }],
                { Place: DockerPlace.Exec } => [new(ResourceKind.Container, call.ExecContainer ?? "", operation.Permission) { Lends = operation.Enters }],
                _ => [],
            };
            return new DockerAsk(call, [.. named, .. contents.References], contents);
        }
        catch (ErrorException e)
        {
            return e.Error;
        }

        static Error Refuse(string sentence) => new(ErrorKind.Forbidden, "docker.unknown", sentence + " What the portal cannot judge it does not hand on.");
    }
}
