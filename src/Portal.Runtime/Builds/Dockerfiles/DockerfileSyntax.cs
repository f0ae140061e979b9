namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>
/// Front ends that a client or the first line of a Dockerfile can name. The image docker/dockerfile, whatever its version, is what is built in
/// here. Any other would be a program that draws up the build by itself, which nobody here can run.
/// </summary>
public static class DockerfileSyntax
{
    /// <summary>It is Docker's own.</summary>
    public static bool IsBuiltIn(string source)
    {
        var name = source.Split(' ')[0].Split('@')[0];
        foreach (var prefix in (ReadOnlySpan<string>)["docker.io/", "index.docker.io/", "registry-1.docker.io/"])
        {
            name = name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;
        }

        return name.Split(':')[0] is "docker/dockerfile" or "docker/dockerfile-upstream";
    }

    /// <summary>Why another is refused.</summary>
    public static string Refusal(string source) => $"frontend {source} is not supported by this engine: it builds Dockerfiles itself, and takes docker/dockerfile to mean that";
}
