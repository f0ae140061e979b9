using System.Collections.Concurrent;
using System.Collections.Immutable;
using Portal.Runtime.Builds.Dockerfiles;

namespace Portal.Runtime.Builds;

/// <summary>What ARG and ENV make visible at one place of a Dockerfile. Pure.</summary>
internal sealed class BuildVariables
{
    /// <summary>Arguments that need no ARG for RUN to see them. They say how to reach the network, not what is built: no cache key and no history has them.</summary>
    private static readonly HashSet<string> s_proxies = new(
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"], StringComparer.Ordinal);

    /// <summary>Arguments for the builder itself.</summary>
    private static readonly HashSet<string> s_own = new(
        ["BUILDKIT_INLINE_CACHE", "BUILDKIT_CONTEXT_KEEP_GIT_DIR", "BUILDKIT_MULTI_PLATFORM", "BUILDKIT_SANDBOX_HOSTNAME", "BUILDKIT_SYNTAX", "BUILDKIT_DOCKERFILE_CHECK", "SOURCE_DATE_EPOCH"],
        StringComparer.Ordinal);

    private readonly IReadOnlyDictionary<string, string?> _given;
    private readonly ConcurrentDictionary<string, bool> _used;
    private readonly Dictionary<string, string> _predefined;
    private readonly char _escape;

    /// <summary>Reads the ARGs before the first FROM.</summary>
    /// <param name="dockerfile">The file.</param>
    /// <param name="given">Values of the request.</param>
    /// <param name="target">What is built for.</param>
    /// <param name="stage">Name of the stage that is built; null for the last.</param>
    public BuildVariables(Dockerfile dockerfile, IReadOnlyDictionary<string, string?> given, BuildPlatform target, string? stage)
    {
        (_given, _escape) = (given, dockerfile.Escape);
        _used = new(given.Keys.Where(name => s_proxies.Contains(name) || s_own.Contains(name)).Select(name => KeyValuePair.Create(name, true)), StringComparer.Ordinal);
        var host = BuildPlatform.Host;
        _predefined = new(StringComparer.Ordinal)
        {
            ["BUILDPLATFORM"] = host.ToString(),
            ["BUILDOS"] = host.Os,
            ["BUILDARCH"] = host.Architecture,
            ["BUILDVARIANT"] = host.Variant,
            ["TARGETPLATFORM"] = target.ToString(),
            ["TARGETOS"] = target.Os,
            ["TARGETARCH"] = target.Architecture,
            ["TARGETVARIANT"] = target.Variant,
            ["TARGETSTAGE"] = string.IsNullOrEmpty(stage) ? "default" : stage,
        };
        foreach (var (name, value) in given)
        {
            if (value is not null && _predefined.ContainsKey(name))
            {
                _predefined[name] = value;
                _used[name] = true;
            }
        }

        foreach (var instruction in dockerfile.Globals)
        {
            foreach (var (name, fallback) in instruction.Arguments)
            {
                _used[name] = true;
                if (Given(name) is { } value)
                {
                    Globals[name] = value;
                }
                else if (fallback is not null)
                {
                    Globals[name] = Guard(instruction.Line, () => new Substitution(_escape, Global).Word(fallback));
                }
            }
        }
    }

    /// <summary>Values of the ARGs before the first FROM.</summary>
    public Dictionary<string, string> Globals { get; } = new(StringComparer.Ordinal);

    /// <summary>Arguments of the request that no ARG took.</summary>
    public IReadOnlyList<string> Unused => [.. _given.Keys.Where(name => !_used.ContainsKey(name)).Order(StringComparer.Ordinal)];

    /// <summary>Arguments that RUN sees without an ARG.</summary>
    public IEnumerable<KeyValuePair<string, string>> Proxies => _given.Where(pair => s_proxies.Contains(pair.Key) && pair.Value is not null).Select(pair => KeyValuePair.Create(pair.Key, pair.Value!));

    /// <summary>A variable in a FROM.</summary>
    public string? Global(string name) => Globals.TryGetValue(name, out var value) || _predefined.TryGetValue(name, out value) ? value : null;

    /// <summary>What an ARG in a stage makes of itself: the request's value, else its own default, else that before the first FROM, else what is predefined.</summary>
    /// <param name="name">Name.</param>
    /// <param name="fallback">Its own default, with variables replaced; null for none.</param>
    public string? Declare(string name, string? fallback)
    {
        _used[name] = true;
        return Given(name) ?? fallback ?? (Globals.TryGetValue(name, out var value) || _predefined.TryGetValue(name, out value) ? value : null);
    }

    /// <summary>Replaces what a stage sees.</summary>
    /// <param name="environment"><c>NAME=value</c>; goes before arguments.</param>
    /// <param name="arguments">Arguments so far.</param>
    public Substitution In(IReadOnlyList<string> environment, ImmutableList<KeyValuePair<string, string?>> arguments) => new(_escape, name => Find(name, environment, arguments));

    /// <summary>Replaces what a FROM sees.</summary>
    public Substitution InFrom() => new(_escape, Global);

    /// <summary>Says where it was when a substitution is malformed.</summary>
    public static T Guard<T>(int line, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (FormatException e)
        {
            throw DockerfileErrors.At(line, "failed to process: " + e.Message);
        }
    }

    private static string? Find(string name, IReadOnlyList<string> environment, ImmutableList<KeyValuePair<string, string?>> arguments)
    {
        for (var i = environment.Count - 1; i >= 0; i--)
        {
            if (environment[i].Length > name.Length && environment[i][name.Length] == '=' && environment[i].StartsWith(name, StringComparison.Ordinal))
            {
                return environment[i][(name.Length + 1)..];
            }
        }

        return arguments.FindLast(argument => argument.Key == name).Value;
    }

    private string? Given(string name) => _given.GetValueOrDefault(name);
}
