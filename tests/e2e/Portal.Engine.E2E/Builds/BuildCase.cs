using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Portal.Engine.E2E.Builds;

/// <summary>
/// One Dockerfile of the corpus with its context and what it is to lead to: a text file of sections that begin with <c>=== word arguments</c>.
/// </summary>
internal sealed class BuildCase
{
    private readonly List<(string Word, string Argument, string Body)> _sections = [];

    private BuildCase(string name, string text)
    {
        Name = name;
        foreach (var section in ("\n" + text).Split("\n=== ")[1..])
        {
            var end = section.IndexOf('\n', StringComparison.Ordinal);
            var (head, body) = end < 0 ? (section, "") : (section[..end], section[(end + 1)..]);
            var blank = head.IndexOf(' ', StringComparison.Ordinal);
            _sections.Add((blank < 0 ? head : head[..blank], blank < 0 ? "" : head[(blank + 1)..], body));
        }
    }

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Builds", "corpus");

    public static IEnumerable<string> Names => Directory.GetFiles(Folder, "*.txt").Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal);

    public string Name { get; }

    /// <summary>Words of the error it ends in; null when it builds.</summary>
    public string? Failure => Argument("fails");

    /// <summary>Which of dockerd's builders knows the same instructions: <c>classic</c>, <c>buildkit</c> or <c>none</c>.</summary>
    public string Compare => Argument("compare") ?? "classic";

    /// <summary>The tree is told as it is, not by what it has over the base image's.</summary>
    public bool IsFromScratch => Argument("scratch") is not null;

    /// <summary>A Dockerfile that is built first, as <c>onbuild-base</c>.</summary>
    public string? Before => Argument("before")?.Replace("\\n", "\n", StringComparison.Ordinal);

    public string[] ExpectedConfig => Lines("config");

    public string[] ExpectedTree => Lines("tree");

    public static BuildCase Read(string name) => new(name, File.ReadAllText(Path.Combine(Folder, name + ".txt")));

    public string[] Options(string root)
    {
        string[] options = [.. _sections.Where(section => section.Word == "options").SelectMany(section => section.Argument.Split(' '))];
        return [.. options.Select((option, i) => i > 0 && options[i - 1] == "-f" ? Path.Combine(root, option) : option)];
    }

    /// <summary>Writes the context.</summary>
    public void WriteContext(string root)
    {
        Directory.CreateDirectory(root);
        foreach (var (word, argument, body) in _sections)
        {
            var words = argument.Split(' ');
            var hasMode = words.Length > 1 && words[^1].Length == 3 && words[^1].All(char.IsAsciiDigit);
            var mode = (UnixFileMode)Convert.ToInt32(hasMode ? words[^1] : word == "folder" ? "755" : "644", 8);
            var path = Path.Combine(root, word == "dockerfile" ? argument.Length == 0 ? "Dockerfile" : argument : hasMode ? string.Join(' ', words[..^1]) : argument);
            switch (word)
            {
                case "file" or "dockerfile":
                    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                    File.WriteAllText(path, body.TrimEnd('\n') + "\n");
                    File.SetUnixFileMode(path, mode);
                    break;
                case "folder":
                    Directory.CreateDirectory(path);
                    File.SetUnixFileMode(path, mode);
                    break;
                case "link":
                    File.CreateSymbolicLink(Path.Combine(root, words[0]), words[1]);
                    break;
                case "tar":
                    WriteArchive(path);
                    break;
                default:
                    break;
            }
        }
    }

    private string? Argument(string word) => _sections.Find(section => section.Word == word) is { Word: not null } found ? found.Argument : null;

    private string[] Lines(string word) => _sections.Find(section => section.Word == word).Body?.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static void WriteArchive(string path)
    {
        var plain = Path.ChangeExtension(path, null) + ".plain";
        using (var file = File.Create(plain))
        using (var tar = new TarWriter(file, TarEntryFormat.Ustar))
        {
            Add(TarEntryType.Directory, "d/", 0x1E8, 3, 4, null, null);
            Add(TarEntryType.RegularFile, "d/f", 0x1A0, 3, 4, "content\n", null);
            Add(TarEntryType.SymbolicLink, "soft", 0x1A4, 0, 0, null, "d/f");
            Add(TarEntryType.HardLink, "hard", 0x1A0, 3, 4, null, "d/f");
            Add(TarEntryType.RegularFile, "implied/x", 0x1A4, 0, 0, "x", null);
            Add(TarEntryType.RegularFile, "su", 0x9ED, 0, 0, "s", null);

            void Add(TarEntryType type, string name, int mode, int user, int group, string? content, string? link)
            {
                var entry = new UstarTarEntry(type, name) { Mode = (UnixFileMode)mode, Uid = user, Gid = group, ModificationTime = DateTimeOffset.UnixEpoch.AddDays(10000) };
                if (content is not null)
                {
                    entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content));
                }

                if (link is not null)
                {
                    entry.LinkName = link;
                }

                tar.WriteEntry(entry);
            }
        }

        // As people make them; the programs are part of every base system.
        var packer = Path.GetExtension(path) switch { ".bz2" => "bzip2", ".xz" => "xz", _ => null };
        if (packer is not null)
        {
            Portal.E2E.ChildProcess.RunAsync("sh", ["-c", $"{packer} -c '{plain}' > '{path}'"]).GetAwaiter().GetResult().Succeeded();
            File.Delete(plain);
        }
        else if (path.EndsWith(".gz", StringComparison.Ordinal))
        {
            using var from = File.OpenRead(plain);
            using var packed = new GZipStream(File.Create(path), CompressionLevel.Fastest);
            from.CopyTo(packed);
            File.Delete(plain);
        }
        else
        {
            File.Move(plain, path);
        }
    }
}
