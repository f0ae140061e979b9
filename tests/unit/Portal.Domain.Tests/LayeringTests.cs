using System.Text.RegularExpressions;
using System.Xml.Linq;
using Portal.TestKit;

namespace Portal.Domain.Tests;

/// <summary>
/// Holds the arrows of the design: Web → Api → Domain ← Runtime ← Agent → Domain. Project files and sources are read,
/// because a compiled assembly lists only the references it happens to use.
/// </summary>
public sealed partial class LayeringTests
{
    private static readonly Dictionary<string, string[]> s_mayReference = new()
    {
        ["Portal.Domain"] = [],
        ["Portal.Runtime"] = ["Portal.Domain"],
        ["Portal.Agent"] = ["Portal.Domain", "Portal.Runtime"],
        ["Portal.Api"] = ["Portal.Domain"],
        ["Portal.Web"] = ["Portal.Api", "Portal.Domain"],
    };

    public static TheoryData<string> Projects => [.. s_mayReference.Keys];

    [Theory, MemberData(nameof(Projects))]
    public void ProjectFile_References_FollowTheArrows(string project)
    {
        var references = Items(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/'))).ToArray();

        Assert.All(references, reference => Assert.Contains(reference, s_mayReference[project]));
    }

    [Theory, MemberData(nameof(Projects))]
    public void Sources_OtherProjectsNamespaces_AreReferencedProjectsOnly(string project)
    {
        var foreign = s_mayReference.Keys.Except(s_mayReference[project]).Where(other => other != project).ToArray();

        AssertNone($"src/{project}", line => foreign.Any(other => Regex.IsMatch(line, $@"\b{Regex.Escape(other)}\b(?!\.Tests)")), "names a project it may not reference", skipComments: true);
    }

    [Fact]
    public void Sources_TheFiveProjects_AreAllThereIs() =>
        Assert.Equal(s_mayReference.Keys.Order(), Directory.GetDirectories(Path.Combine(SourceTree.Root, "src")).Select(Path.GetFileName).Order());

    [Theory]
    [InlineData("Portal.Domain")]
    [InlineData("Portal.Runtime")]
    [InlineData("Portal.Agent")]
    public void ProjectFile_PartsOfTheNativeAgent_AreAotCompatible(string project) =>
        Assert.Equal("true", Project(project).Descendants("IsAotCompatible").SingleOrDefault()?.Value);

    [Fact]
    public void Domain_IsPure()
    {
        AssertNone("src/Portal.Domain", line => OutsideWorld().IsMatch(line), "reaches outside the domain", skipComments: true);
        Assert.All(Items("Portal.Domain", "PackageReference"), package => Assert.EndsWith(".Abstractions", package));
    }

    [Fact]
    public void Runtime_ServesNothing()
    {
        AssertNone("src/Portal.Runtime", line => line.Contains("Microsoft.AspNetCore", StringComparison.Ordinal), "uses ASP.NET Core");
        Assert.Empty(Items("Portal.Runtime", "FrameworkReference"));
    }

    [Fact]
    public void Interop_LivesInRuntimeLinuxOnly() => AssertNone(
        "src", line => Interop().IsMatch(line), "uses interop or unsafe code", path => path.StartsWith("src/Portal.Runtime/Linux/", StringComparison.Ordinal), skipComments: true);

    /// <summary>
    /// The policy of the Docker API is an edge too: it reads requests with the same mapping as the agent, so that what is decided on is what is carried
    /// out. Words for what is wrong, and versions, are no wire types.
    /// </summary>
    [Fact]
    public void EngineWireTypes_AreUsedAtTheEdgesOnly()
    {
        string[] edges =
        [
            "src/Portal.Domain/Engine/", "src/Portal.Domain/Access/Docker/", "src/Portal.Agent/EngineApi/", "src/Portal.Agent/ControlApi/", "src/Portal.Api/Adapters/Hosts/",
            "src/Portal.Api/Docker/",
        ];

        AssertNone("src", line => WireTypes().IsMatch(line), "uses the Engine API's wire types", path => edges.Any(edge => path.StartsWith(edge, StringComparison.Ordinal)), skipComments: true);
    }

    [Fact]
    public void Web_TouchesTheApiInProgramOnly() => AssertNone(
        "src/Portal.Web", line => ApiNamespace().IsMatch(line), "uses Portal.Api", path => path == "src/Portal.Web/Program.cs", skipComments: true);

    [Fact]
    public void Time_ComesFromTimeProvider() =>
        AssertNone("src", line => WallClock().IsMatch(line), "reads the wall clock by itself", skipComments: true);

    [Fact]
    public void TypeNames_EmptySuffixes_AreNotUsed() =>
        AssertNone("src", line => EmptySuffix().IsMatch(line), "names a type by an empty suffix (tree: house style)", skipComments: true);

    /// <summary>The places that write a shell's command line write it for a container: the shell form of an image, of a build and of a health check runs inside.</summary>
    [Fact]
    public void Shell_IsNeverSpawned() => AssertNone(
        "src", line => ShellCall().IsMatch(line), "spawns a shell",
        path => path is "src/Portal.Agent/EngineApi/Mapping/ImageChanges.cs" or "src/Portal.Runtime/Builds/StageState.cs" or "src/Portal.Runtime/Health/HealthSettings.cs", skipComments: true);

    private static void AssertNone(string folder, Func<string, bool> bad, string what, Func<string, bool>? allowed = null, bool skipComments = false)
    {
        var hits =
            from file in SourceTree.Files(folder)
            where allowed?.Invoke(file.Path) != true
            from line in file.Text.Split('\n').Select((text, index) => (text, number: index + 1))
            where !(skipComments && line.text.TrimStart().StartsWith("//", StringComparison.Ordinal)) && bad(line.text)
            select $"{file.Path}:{line.number} {what}: {line.text.Trim()}";

        Assert.Empty(hits);
    }

    private static XDocument Project(string name) => XDocument.Load(Path.Combine(SourceTree.Root, "src", name, name + ".csproj"));

    private static IEnumerable<string> Items(string project, string kind) => Project(project).Descendants(kind).Select(item => (string)item.Attribute("Include")!);

    [GeneratedRegex(@"Microsoft\.AspNetCore|EntityFramework|System\.Net\.Http|System\.Diagnostics\.Process\b|\bFile\.|\bDirectory\.|LibraryImport|DllImport")]
    private static partial Regex OutsideWorld();

    [GeneratedRegex(@"\[(LibraryImport|DllImport)|\bunsafe\b\s*[\{a-z]|NativeLibrary\.")]
    private static partial Regex Interop();

    [GeneratedRegex(@"Portal\.Domain\.Engine\.(Models|Mapping)\b|\bEngineJson\b")]
    private static partial Regex WireTypes();

    [GeneratedRegex(@"\bPortal\.Api\b")]
    private static partial Regex ApiNamespace();

    [GeneratedRegex(@"\b(DateTime|DateTimeOffset)\.(UtcNow|Now|Today)\b")]
    private static partial Regex WallClock();

    [GeneratedRegex(@"\b(class|record|struct|interface)\s+\w+(Manager|Helper|Helpers|Util|Utils|Service)\b")]
    private static partial Regex EmptySuffix();

    [GeneratedRegex("\"(/bin/)?(ba)?sh\",? *\"-c\"")]
    private static partial Regex ShellCall();
}
