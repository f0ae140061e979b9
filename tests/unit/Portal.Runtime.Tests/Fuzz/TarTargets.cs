using Portal.Domain.Primitives;
using Portal.Runtime.Files;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;
using Portal.Runtime.Tests.Tar;

namespace Portal.Runtime.Tests.Fuzz;

/// <summary>Archives that are unpacked: nothing but the root changes, and what a member costs is bounded.</summary>
internal abstract class UnpackingTarget : FuzzTarget
{
    private const long DiskBytes = 4 << 20;

    private static readonly string[] s_parts = ["a", "b", "c", "d", "..", ".", "", ".wh.a", ".wh..wh..opq", ".wh.", ".wh..", ".wh...", ".wh..wh.plnk", "root-canary", "file", "é", new('x', 90)];

    private readonly string _base = MakeFolder();
    private readonly string _canary;
    private readonly string _before;

    protected UnpackingTarget(string name)
        : base(name, "..", "/", "../../root-canary/file", ".wh.", ".wh..wh..opq", "\0", "ustar\0" + "00", "ustar  \0", "0000000\0", "77777777777\0", "x", "g", "L", "K", "S", "GNU.sparse.major=1", "SCHILY.xattr.user.a=b", "30 mtime=1700000000.123456789\n", "12 path=a/b\n")
    {
        _canary = Directory.CreateDirectory(Path.Combine(_base, "root-canary")).FullName;
        File.WriteAllText(Path.Combine(_canary, "file"), "canary");
        Directory.CreateDirectory(Path.Combine(_canary, "folder"));
        _before = Look();
    }

    public override int Cases => 1500;

    protected string Root => Path.Combine(_base, "root");

    protected string Lower => Path.Combine(_base, "lower");

    public sealed override bool Read(byte[] input)
    {
        Directory.CreateDirectory(Root);
        Directory.CreateDirectory(Lower);
        try
        {
            Unpack(new MemoryStream(input), new SpaceBudget(() => DiskBytes));
            return true;
        }
        catch (ErrorException)
        {
            return false;
        }
        finally
        {
            DirectoryTree.Delete(Root);
            DirectoryTree.Delete(Lower);
            Assert.Equal(_before, Look());
        }
    }

    public override void Mend(byte[] input, Random random)
    {
        if (random.Next(8) > 0)
        {
            TarBuilder.MendCheckSums(input);
        }
    }

    /// <summary>Archives one after the other, whose members are about the same few names.</summary>
    public override byte[] Invent(Random random)
    {
        var stream = new MemoryStream();
        for (var archives = random.Next(1, 3); archives > 0; archives--)
        {
            var tar = new TarBuilder();
            for (var members = random.Next(1, 12); members > 0; members--)
            {
                Add(tar, random);
            }

            tar.Build().CopyTo(stream);
        }

        return stream.ToArray();
    }

    public override void Dispose()
    {
        base.Dispose();
        DirectoryTree.Delete(_base);
    }

    protected abstract void Unpack(MemoryStream input, SpaceBudget budget);

    private void Add(TarBuilder tar, Random random)
    {
        if (random.Next(6) == 0)
        {
            tar.Pax(random.Next(4) switch
            {
                0 => [("path", NameOf(random))],
                1 => [("linkpath", Target(random)), ("mtime", "-1.5")],
                2 => [("SCHILY.xattr.user." + NameOf(random), "value"), ("SCHILY.xattr.trusted.overlay.opaque", "y"), ("uid", "4294967294")],
                _ => [("path", string.Join('/', Enumerable.Repeat("d", random.Next(1, 3000)))), ("size", "1")],
            });
        }

        var kind = "01234555567\0"[random.Next(11)];
        tar.Member(NameOf(random), kind, kind is '0' or '\0' or '7' ? new string('c', random.Next(2000)) : "", Target(random), random.Next(0x1000));
    }

    private static string NameOf(Random random) => string.Join('/', Enumerable.Range(0, random.Next(1, 5)).Select(_ => s_parts[random.Next(random.Next(2) == 0 ? 4 : s_parts.Length)]).TakeWhile((part, i) => i == 0 || part.Length < 50));

    private string Target(Random random) => random.Next(6) switch
    {
        0 => "../root-canary",
        1 => Path.Combine("../../root-canary", "file"),
        2 => _canary.Length < 90 ? _canary : "/",
        3 => "/proc/self/fd/" + random.Next(8),
        _ => NameOf(random),
    };

    private string Look()
    {
        var places = Directory.GetFileSystemEntries(_base).Where(p => p != Root && p != Lower).Concat(Directory.GetFileSystemEntries(_canary)).Order(StringComparer.Ordinal);
        return string.Join('\n', places.Append(_canary).Select(p => Libc.Stat(p, out var facts) == 0 ? $"{p} {facts}" : p)) + File.ReadAllText(Path.Combine(_canary, "file"));
    }
}

/// <summary>A layer, and what follows in the input as a layer on top of it.</summary>
internal sealed class LayerTarget() : UnpackingTarget("layer")
{
    protected override void Unpack(MemoryStream input, SpaceBudget budget)
    {
        Apply(Lower, []);
        while (input.Position < input.Length && input.ReadByte() == 0)
        {
            // The padding of the archive.
        }

        if (input.Position < input.Length)
        {
            input.Position--;
            Apply(Root, [Lower]);
        }

        void Apply(string folder, string[] lowers)
        {
            using var applier = new LayerApplier(folder, () => lowers, privileged: false, budget);
            applier.Apply(input, CancellationToken.None);
        }
    }
}

/// <summary>An archive that a client copies into a container's folder.</summary>
internal sealed class CopyTarget() : UnpackingTarget("copy")
{
    protected override void Unpack(MemoryStream input, SpaceBudget budget)
    {
        Directory.CreateDirectory(Path.Combine(Root, "a/b"));
        File.WriteAllText(Path.Combine(Root, "b"), "there before");
        File.CreateSymbolicLink(Path.Combine(Root, "c"), "../root-canary");
        Assert.Equal(0, (int)Libc.Open(System.Text.Encoding.UTF8.GetBytes(Root), Libc.OpenReadOnly | Libc.OpenDirectory, 0, out var folder));
        using var applier = new CopyApplier(folder!, "/x", keepKinds: input.Length % 3 == 0, owner: null, mappings: null, budget, privileged: false);
        applier.Apply(input, CancellationToken.None);
    }

    protected override IEnumerable<byte[]> MoreSeeds() => new LayerTarget().Seeds;
}

/// <summary>An archive of images, as load reads it.</summary>
internal sealed class ArchiveTarget : FuzzTarget
{
    private readonly string _folder = MakeFolder();
    private readonly ContentStore _content;

    public ArchiveTarget()
        : base("archive", "manifest.json", "index.json", "oci-layout", "blobs/sha256/", "null", "[", "{", "]", "}", ",", ":", "\"Layers\"", "\"Config\"", "\"RepoTags\"", "\"manifests\"", "..", "/", "-1", "1", "2", "\0") => _content = new ContentStore(_folder);

    public override int Cases => 1000;

    public override void Mend(byte[] input, Random random)
    {
        if (random.Next(8) > 0)
        {
            TarBuilder.MendCheckSums(input);
        }
    }

    public override bool Read(byte[] input)
    {
        try
        {
            using var archive = ImageArchive.Spool(_content, new MemoryStream(input), CancellationToken.None);
            foreach (var image in archive.Read())
            {
                _ = ImageDocument.ParseConfig(image.Config);
            }

            return true;
        }
        catch (ErrorException)
        {
            return false;
        }
        finally
        {
            Assert.Empty(Directory.GetFileSystemEntries(_content.StagingFolder));
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        DirectoryTree.Delete(_folder);
    }
}

/// <summary>A packed stream, of which the first MiB is looked at.</summary>
internal sealed class CompressionTarget() : FuzzTarget("compression")
{
    private readonly byte[] _buffer = new byte[1 << 20];

    /// <summary>The window of zstd.</summary>
    public override long Memory => 160 << 20;

    public override int Cases => 2000;

    public override bool Read(byte[] input)
    {
        try
        {
            using var plain = Compression.Unpack(new MemoryStream(input));
            return plain.ReadAtLeast(_buffer, _buffer.Length, throwOnEndOfStream: false) > 0 && Compression.KindOf(input) != Packing.None;
        }
        catch (Exception e) when (e is InvalidDataException or ErrorException)
        {
            return false;
        }
    }
}
