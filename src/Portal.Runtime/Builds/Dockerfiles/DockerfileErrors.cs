using Portal.Domain.Primitives;

namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>What can be wrong with a Dockerfile, in Docker's words.</summary>
internal static class DockerfileErrors
{
    /// <summary>Wrong, and known where.</summary>
    public static BuildFailure At(int line, string problem) =>
        new(new(ErrorKind.Invalid, "build.dockerfile", $"dockerfile parse error on line {line}: {problem}"), line);

    /// <summary>Wrong as a whole.</summary>
    public static ErrorException Whole(string problem) => new(ErrorKind.Invalid, "build.dockerfile", problem);
}
