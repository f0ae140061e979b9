using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Portal.Domain.Access.Restrictions;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Docker;

/// <summary>What requests about images hold.</summary>
internal static class ImageReading
{
    public static DockerContents Pull(DockerCall call)
    {
        var query = call.Query;
        if (query.First("fromImage") is { } image)
        {
            return new() { Facts = [new NamedImage(image)], ImageNames = [Name(image, query.First("tag"))] };
        }

        var written = Written(query.First("repo"), query.First("tag"));
        return written with
        {
            Facts = [new UnnamedImages("an image from an archive"), .. query.First("fromSrc") is null or "-" ? [] : (IRestricted[])[new FetchedSource("an archive that the host fetches")]],
        };
    }

    public static DockerContents Push(DockerCall call)
    {
        var name = Name(call.Name, call.Query.First("tag"));
        return ImageReference.Parse(name, null) is { Tag: null, Digest: null }
            ? throw EngineErrors.Invalid("image.reference", "name the tag to push: a repository as a whole may hold what is not yours")
            : new() { Facts = [new NamedImage(name)], References = [new(ResourceKind.Image, name, Permission.ImagePush)] };
    }

    public static DockerContents Named(DockerCall call) => new() { Facts = [new NamedImage(call.Name)] };

    public static DockerContents Load(DockerCall call) => new() { Facts = [new UnnamedImages("images from an archive")] };

    public static DockerContents Save(DockerCall call) =>
        new() { References = [.. call.Query.All("names").Select(name => new DockerReference(ResourceKind.Image, name, Permission.ImageSave))] };

    public static DockerContents Tag(DockerCall call) => Written(call.Query.First("repo"), call.Query.First("tag"));

    public static DockerContents Commit(DockerCall call)
    {
        _ = call.Take(EngineBody.Known.ContainerConfig);
        var written = Written(call.Query.First("repo"), call.Query.First("tag"));
        return written with { References = [new(ResourceKind.Container, call.Query.First("container") ?? "", Permission.ContainerCommit), .. written.References] };
    }

    public static DockerContents SignIn(DockerCall call) => new() { Facts = [new NamedRegistry(call.Take(EngineBody.Known.AuthConfig).ServerAddress ?? "")] };

    public static DockerContents Build(DockerCall call)
    {
        var query = call.Query;
        var network = query.First("networkmode") ?? "default";
        var written = query.All("t").Select(tag => Written(tag, null)).ToList();
        List<IRestricted> facts =
        [
            new UnnamedImages("a build, whose Dockerfile names images itself"),
            new NewBuild(network)
            {
                CgroupParent = query.First("cgroupparent") ?? "",
                SecurityOptions = [.. query.All("securityopt")],
                Ulimits = [.. (Parse(query, "ulimits", EngineBody.Known.ListUlimitItem) ?? []).Select(limit => new UlimitSpec(limit.Name ?? "", limit.Soft, limit.Hard))],
            },
        ];
        if (query.First("version") is not (null or "1") || query.First("session") is not null || query.First("outputs") is not null || query.First("buildid") is not null)
        {
            facts.Add(UnseenBuild);
        }

        if (query.First("remote") is not null)
        {
            facts.Add(new FetchedSource("a build context that the host fetches"));
        }

        return new()
        {
            Facts = [.. facts],
            References = [.. ContainerReading.Networked(network), .. written.SelectMany(names => names.References), .. CacheSources(query)],
            ImageNames = [.. written.SelectMany(names => names.ImageNames)],
        };
    }

    public static DockerContents Conversation(DockerCall call) => new() { Facts = [UnseenBuild] };

    private static Unseen UnseenBuild { get; } = new("BuildKit's own protocol, in which the portal cannot see what a build asks for (DOCKER_BUILDKIT=0 builds without it)");

    /// <summary>A name that an image is to have: whoever has it now loses it.</summary>
    private static DockerContents Written(string? repository, string? tag)
    {
        if (repository is null)
        {
            return DockerContents.Nothing;
        }

        var name = Name(repository, tag);
        return new() { References = [new(ResourceKind.Image, name, Permission.ImageTag) { Absent = DockerAbsence.Free }], ImageNames = [name] };
    }

    /// <summary>A reference whose tag or digest may stand beside it, where it counts for more than one in it.</summary>
    private static string Name(string repository, string? tag)
    {
        if (!ImageReference.TryParse(repository, out var reference, out var problem))
        {
            throw EngineErrors.Invalid("image.reference", problem);
        }

        if (tag is null)
        {
            return repository;
        }

        return ImageReference.TryParse($"{reference.FamiliarRepository}{(tag.Contains(':', StringComparison.Ordinal) ? '@' : ':')}{tag}", out var whole, out problem)
            ? whole.Familiar
            : throw EngineErrors.Invalid("image.reference", problem);
    }

    private static IEnumerable<DockerReference> CacheSources(DockerQuery query) =>
        (Parse(query, "cachefrom", EngineBody.Known.ListString) ?? []).Select(name => new DockerReference(ResourceKind.Image, name, Permission.ImageRead) { Absent = DockerAbsence.Free });

    private static T? Parse<T>(DockerQuery query, string name, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return query.First(name) is { } json ? EngineBody.Parse(Encoding.UTF8.GetBytes(json), type) : null;
        }
        catch (JsonException e)
        {
            throw EngineErrors.Invalid("build." + name, $"error reading {name}: {e.Message}");
        }
    }
}
