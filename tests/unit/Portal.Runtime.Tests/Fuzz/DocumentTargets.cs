using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;
using Portal.Runtime.Registries;

namespace Portal.Runtime.Tests.Fuzz;

/// <summary>A manifest or an index, as a registry sends it.</summary>
internal sealed class ManifestTarget() : FuzzTarget(
    "manifest", "{", "}", "[", "]", ",", ":", "null", "-1", "1e999", "9223372036854775808", "\"\"", "{}", "[]", "[null]", "\"mediaType\"", "\"manifests\"", "\"layers\"", "\"config\"", "\"platform\"", "\"schemaVersion\":2",
    "\"fsLayers\"", "\"size\":", "\"digest\":", "\"\\u0000\"", "\"\\ud800\"", "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json")
{
    private static readonly string?[] s_types = [null, "application/json", .. RemoteManifest.Accepted];

    public override bool Read(byte[] input)
    {
        try
        {
            var manifest = RemoteManifest.Read(input, s_types[input.Length % s_types.Length], "x");
            if (manifest.IsIndex)
            {
                return PlatformChoice.Host.Choose(manifest.Manifests()) is { } chosen && RemoteManifest.Blob(chosen).Size >= 0;
            }

            var (config, layers) = manifest.Image();
            Assert.InRange(layers.Count, 0, OverlayLayerStore.MaximumLayers);
            Assert.InRange(config.Size, 0, ImageDocument.MaximumBytes);
            Assert.All(layers, layer => Assert.True(layer.Size >= 0));
            return true;
        }
        catch (ErrorException)
        {
            return false;
        }
    }
}

/// <summary>An image's configuration.</summary>
internal sealed class ConfigTarget() : FuzzTarget(
    "config", "{", "}", "[", "]", ",", ":", "null", "true", "-1", "1e999", "9223372036854775807", "\"\"", "{}", "[null]", "{\"\":null}", "\"rootfs\"", "\"diff_ids\"", "\"history\"", "\"created\"", "\"config\"", "\"Env\"", "\"Labels\"", "\"Healthcheck\"",
    "\"Interval\":", "\"empty_layer\":", "\"0001-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59.999999999+14:00\"", "\"\\ud800\"")
{
    public override bool Read(byte[] input)
    {
        try
        {
            var (image, diffIds) = ImageDocument.ParseConfig(input);
            var shown = ImageDocument.Describe(Digest.Of(input), image, diffIds, [.. diffIds.Select(_ => 1L)]);
            Assert.All(shown.History, step => Assert.NotNull(step.CreatedBy));
            Assert.All([.. shown.Config.Environment, .. shown.Config.Command ?? [], .. shown.Config.Entrypoint ?? [], .. shown.Config.OnBuild, .. shown.Config.Shell ?? [], .. shown.Config.Labels.Values, .. shown.Config.HealthCheck?.Test ?? []], Assert.NotNull);
            // What is built on it is written again, and has to be read again.
            var next = ImageDocument.CommittedConfig(image, shown.Config, new OciHistory { CreatedBy = "x" }, "", diffIds);
            Assert.Equal(diffIds, ImageDocument.ParseConfig(next).DiffIds);
            return true;
        }
        catch (ErrorException)
        {
            return false;
        }
    }
}

/// <summary>An image's name.</summary>
internal sealed class ReferenceTarget() : FuzzTarget(
    "reference", "busybox", "docker.io", "library", "localhost", "index.docker.io", "/", ":", "@", "sha256:", "..", ".", "-", "_", "__", "[::1]", ":5000", "latest", "A", "0", new('a', 64), new('a', 250), "@sha256:" + new string('0', 64), "é", "\0")
{
    public override int Cases => 20_000;

    public override byte[] Invent(Random random) => Mutation.OfPieces(this, new Random(random.Next()))[..];

    public override bool Read(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        if (!ImageReference.TryParse(text, out var reference, out var problem))
        {
            Assert.NotEmpty(problem);
            return false;
        }

        // However it is written, it is the same name, and no way through a file system or an address.
        Assert.Equal(reference, ImageReference.Parse(reference.ToString(), null));
        Assert.Equal(reference, ImageReference.Parse(reference.Familiar, null));
        Assert.InRange(reference.Path.Length, 1, 255);
        Assert.DoesNotContain(reference.ToString().Split('/'), part => part is "" or "." or "..");
        Assert.DoesNotContain(reference.ToString(), c => c is <= ' ' or > '~' or '?' or '#' or '%' or '\\');
        return true;
    }
}

/// <summary>Text put together from pieces.</summary>
internal abstract class TextTarget(string name) : FuzzTarget(name, s_pieces)
{
    private static readonly string[] s_pieces =
    [
        "FROM ", "RUN ", "COPY ", "ADD ", "ENV ", "ARG ", "LABEL ", "CMD ", "ENTRYPOINT ", "HEALTHCHECK ", "ONBUILD ", "SHELL ", "USER ", "VOLUME ", "WORKDIR ", "EXPOSE ", "STOPSIGNAL ", "MAINTAINER ",
        "--from=", "--mount=", "--chown=", "--interval=", "--link", "--parents", "--network=none", "--", "type=cache,target=/x", "type=secret", ",", "id=", "AS ", "as x", "busybox", "scratch", "x=y", "a b", "NONE", "CMD x",
        "<<EOF", "<<-EOF", "<<'EOF'", "<<\"E F\"", "EOF", "<<", "\n", "\n", "\n", "\r\n", "\\\n", "\\", "`", "# ", "#", "# escape=`\n", "# syntax=x\n", "[", "]", "[\"a\", \"b\"]", "[1]", "\"", "'", "$", "${", "}", "${a", "${a:-", "${a#", "${a//",
        "/", "*", "**", "?", "[^", "-", ":", "=", "!", "\t", " ", "\0", "\uFEFF", "é", "80/tcp", "1s", "9999999999999999999999",
    ];

    public sealed override bool Read(byte[] input)
    {
        try
        {
            return Read(Encoding.UTF8.GetString(input));
        }
        catch (ErrorException e) when (e.Error.Kind == ErrorKind.Invalid)
        {
            return false;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    public override byte[] Invent(Random random) => [.. random.Next(2) == 0 ? "FROM busybox\n"u8 : [], .. Mutation.OfPieces(this, random)];

    protected abstract bool Read(string text);

    protected override IEnumerable<byte[]> MoreSeeds() => Pieces.Where(w => w.Length > 3);
}

/// <summary>A Dockerfile, up to the plan of its build.</summary>
internal sealed class DockerfileTarget() : TextTarget("dockerfile")
{
    private const string Heading = "=== dockerfile\n";

    /// <summary>Those that images are built of in other tests.</summary>
    protected override IEnumerable<byte[]> MoreSeeds()
    {
        foreach (var build in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Fuzz", "corpus", "builds")).Order(StringComparer.Ordinal).Select(File.ReadAllText))
        {
            var file = build[(build.IndexOf(Heading, StringComparison.Ordinal) + Heading.Length)..];
            yield return Encoding.UTF8.GetBytes(file.Split("\n===")[0]);
        }
    }

    protected override bool Read(string text)
    {
        var file = DockerfileParser.Parse(text);
        var variables = new BuildVariables(file, new Dictionary<string, string?> { ["a"] = "v" }, BuildPlatform.Host, null);
        var plan = BuildPlan.Make(file, variables, null, []);
        _ = new BuildSteps(plan);
        foreach (var stage in file.Stages)
        {
            var state = new StageState(new(), [], "k") { Platform = BuildPlatform.Host };
            foreach (var instruction in stage.Instructions)
            {
                state = ConfigStep.TryApply(state, instruction, variables) ?? state;
            }
        }

        return true;
    }
}

/// <summary>What instructions are cut into, and the variables in it.</summary>
internal sealed class WordTarget() : TextTarget("word")
{
    protected override bool Read(string text)
    {
        var substitution = new Substitution(text.Length % 2 == 0 ? '\\' : '`', name => name.Length == 1 ? "va lue/x" : null);
        _ = Words.Split(text, '\\');
        _ = Words.TakeFlags(text);
        _ = Heredoc.Of(text);
        _ = substitution.Text(text);
        _ = string.Concat(substitution.Split(text));
        _ = substitution.Word(text);
        return true;
    }
}

/// <summary>The patterns of .dockerignore.</summary>
internal sealed class PatternTarget() : TextTarget("pattern")
{
    protected override bool Read(string text)
    {
        var patterns = new IgnorePatterns(IgnorePatterns.Read(text));
        _ = patterns.Matches("a/b/c");
        _ = patterns.Matches(text[..Math.Min(text.Length, 255)]);
        return true;
    }
}
