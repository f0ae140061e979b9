using System.Buffers;
using System.Security.Cryptography;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Images;

/// <summary>Content written to the store's disk that has no name in the store yet.</summary>
/// <param name="Path">Temporary file.</param>
/// <param name="Digest">Digest of the content.</param>
/// <param name="Size">Bytes.</param>
internal sealed record StagedBlob(string Path, Digest Digest, long Size);

/// <summary>
/// Blobs under their SHA-256. A blob is staged (written and hashed), flushed with all else that belongs to an image, then named, so that a name never
/// stands for half a content or another one. Pinned blobs are not deleted: who is about to refer to one pins it first.
/// </summary>
internal sealed class ContentStore
{
    private const int WriteBytes = 8 << 20;

    private readonly string _blobs;
    private readonly string _staging;
    private readonly string _partial;
    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, int> _pins = [];

    /// <summary>Opens the store below <paramref name="root"/> and drops what earlier writes left unfinished.</summary>
    public ContentStore(string root)
    {
        _blobs = Path.Combine(root, "blobs", "sha256");
        _staging = Path.Combine(root, "staging");
        _partial = Path.Combine(root, "partial");
        DirectoryTree.Delete(_staging);
        Directory.CreateDirectory(_blobs);
        Directory.CreateDirectory(_staging);
        Directory.CreateDirectory(_partial);
        DurableFile.Sweep(_blobs);
    }

    /// <summary>Where content is staged; on the disk whose space counts.</summary>
    public string StagingFolder => _staging;

    /// <summary>Where content that comes from elsewhere grows; on the same disk, and kept from one start to the next.</summary>
    public string PartialFolder => _partial;

    /// <summary>Where content has its name.</summary>
    public string BlobFolder => _blobs;

    /// <summary>Writes content to a temporary file of the caller's, hashing it.</summary>
    /// <param name="read">Fills a buffer; 0 at the end.</param>
    /// <param name="budget">Charged before writing.</param>
    /// <param name="ct">Cancels; nothing is left.</param>
    public StagedBlob Stage(Func<Memory<byte>, int> read, SpaceBudget budget, CancellationToken ct)
    {
        var path = Path.Combine(_staging, Guid.NewGuid().ToString("n"));
        var buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            using var file = DurableFile.Create(path);
            long size = 0, begun = 0;
            for (int count; (count = read(buffer)) > 0; size += count)
            {
                if (size - begun >= WriteBytes)
                {
                    // All of it is to be on the disk in the end: the disk need not wait for that.
                    Libc.StartWriting(file.SafeFileHandle, begun, size - begun);
                    begun = size;
                }

                ct.ThrowIfCancellationRequested();
                budget.Charge(count);
                hash.AppendData(buffer, 0, count);
                file.Write(buffer, 0, count);
            }

            return new StagedBlob(path, Digest.FromHash(hash.GetHashAndReset()), size);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The same for content that is made as it is written.</summary>
    public StagedBlob Stage(Action<Stream> write, SpaceBudget budget)
    {
        var path = Path.Combine(_staging, Guid.NewGuid().ToString("n"));
        try
        {
            using var file = DurableFile.Create(path);
            using var hashing = new HashingOutput(file, budget);
            write(hashing);
            return new StagedBlob(path, hashing.Finish(), hashing.Written);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Deletes a staged file; what has its name stays.</summary>
    public static void Discard(StagedBlob blob) => File.Delete(blob.Path);

    /// <summary>
    /// Gives staged content its name, beside the temporary one. It must be pinned, and on the disk: a name never stands for half a content.
    /// The name itself is on the disk after the next flush.
    /// </summary>
    public void Name(StagedBlob blob)
    {
        if (Exists(blob.Digest))
        {
            return;
        }

        var errno = Libc.Link(blob.Path, PathOf(blob.Digest));
        if (errno is not (0 or Errno.EEXIST))
        {
            throw new LinuxException("link", blob.Path, errno);
        }
    }

    /// <summary>Stages small content.</summary>
    public StagedBlob Stage(ReadOnlySpan<byte> content)
    {
        var path = Path.Combine(_staging, Guid.NewGuid().ToString("n"));
        try
        {
            using var file = DurableFile.Create(path);
            file.Write(content);
            return new(path, Digest.Of(content), content.Length);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    public bool Exists(Digest digest) => File.Exists(PathOf(digest));

    /// <summary>A blob that has its name already.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public StagedBlob Find(Digest digest) => new(PathOf(digest), digest, new FileInfo(PathOf(digest)).Length);

    /// <summary>Opens a blob.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public FileStream Open(Digest digest) => new(PathOf(digest), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 64 * 1024);

    /// <summary>Content of a small blob, verified.</summary>
    /// <exception cref="InvalidDataException">It is larger than <paramref name="limit"/>, or the disk changed it.</exception>
    public byte[] Read(Digest digest, int limit)
    {
        using var file = Open(digest);
        if (file.Length > limit)
        {
            throw new InvalidDataException($"The blob {digest} has {file.Length} bytes where at most {limit} are expected.");
        }

        var content = new byte[file.Length];
        file.ReadExactly(content);
        return Digest.Of(content) == digest ? content : throw new InvalidDataException($"The blob {digest} holds other content than its name says.");
    }

    /// <summary>Keeps blobs, present or to come, until the answer is disposed.</summary>
    public IDisposable Pin(IEnumerable<Digest> digests)
    {
        Digest[] pinned = [.. digests];
        lock (_gate)
        {
            foreach (var digest in pinned)
            {
                _pins[digest] = _pins.GetValueOrDefault(digest) + 1;
            }
        }

        return new Pins(this, pinned);
    }

    /// <summary>Deletes those of <paramref name="candidates"/> that nobody has pinned.</summary>
    public void Delete(IEnumerable<Digest> candidates)
    {
        lock (_gate)
        {
            foreach (var digest in candidates)
            {
                if (!_pins.ContainsKey(digest))
                {
                    File.Delete(PathOf(digest));
                }
            }
        }
    }

    /// <summary>Every blob.</summary>
    public IEnumerable<Digest> List()
    {
        foreach (var path in Directory.EnumerateFiles(_blobs))
        {
            if (Digest.TryParse("sha256:" + Path.GetFileName(path), null, out var digest))
            {
                yield return digest;
            }
        }
    }

    private string PathOf(Digest digest) => Path.Combine(_blobs, digest.Hex);

    private sealed class Pins(ContentStore store, Digest[] digests) : IDisposable
    {
        public void Dispose()
        {
            lock (store._gate)
            {
                foreach (var digest in digests)
                {
                    if (--store._pins[digest] == 0)
                    {
                        store._pins.Remove(digest);
                    }
                }
            }
        }
    }
}
