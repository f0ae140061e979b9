using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Layers;

/// <summary>Archives become layers, and layers last.</summary>
internal sealed partial class OverlayLayerStore
{
    /// <summary>
    /// Unpacks a layer unless it is there already. To be called lowest first, under a lease; <see cref="Seal"/> makes it last.
    /// </summary>
    /// <param name="chain">Chain ids, lowest first.</param>
    /// <param name="index">Which of them to unpack.</param>
    /// <param name="diffId">Expected digest of the uncompressed archive.</param>
    /// <param name="open">Opens the archive, plain or compressed.</param>
    /// <param name="below">Ends when the lower layers are there, which may be unpacked at the same time; null when they are.</param>
    /// <param name="ct">Cancels; nothing is left.</param>
    /// <exception cref="ErrorException">The archive is bad, or its digest is another.</exception>
    public async Task UnpackAsync(IReadOnlyList<Digest> chain, int index, Digest diffId, Func<Stream> open, Task? below, CancellationToken ct)
    {
        if (Has(chain[index]))
        {
            return;
        }

        using (await _unpacking.EnterAsync(chain[index], ct).ConfigureAwait(false))
        {
            if (!Has(chain[index]))
            {
                // Unpacking is blocking work from end to end.
                await ArchiveThread.RunAsync(() => Unpack(chain, index, diffId, open, below, ct), ct).ConfigureAwait(false);
            }
        }
    }

    private void Unpack(IReadOnlyList<Digest> chain, int index, Digest diffId, Func<Stream> open, Task? below, CancellationToken ct)
    {
        var folder = LayerFolder(chain[index]);
        var work = Path.Combine(_layers, $".unpack-{Guid.NewGuid():n}");
        var diff = Path.Combine(work, "diff");
        MakeFolder(work, TraverseMode);
        try
        {
            MakeFolder(diff, RootMode);
            long size;
            using (var blob = open())
            using (var tar = Compression.Unpack(blob))
            using (var hashing = new HashingStream(tar))
            {
                var budget = SpaceBudget.For(_layers);
                using (var applier = new LayerApplier(diff, () => Lowers(chain, index, below, ct), _privileged, budget))
                {
                    size = applier.Apply(hashing, ct);
                }

                // The digest is of the whole stream, with what follows the end of the archive.
                hashing.CopyTo(Stream.Null);
                if (hashing.Finish() is var actual && actual != diffId)
                {
                    throw ArchiveErrors.Bad($"a layer's content is {actual}, its image says {diffId}");
                }
            }

            var record = new LayerRecord(chain[index].ToString(), diffId.ToString(), NewLink(chain[index]), size);
            lock (_gate)
            {
                Directory.Move(work, folder);
                _known[chain[index]] = record;
                _unsealed.Add(chain[index]);
                StartFlush();
            }
        }
        catch (InvalidDataException e)
        {
            DirectoryTree.Delete(work);
            throw ArchiveErrors.Damaged(e);
        }
        catch
        {
            DirectoryTree.Delete(work);
            throw;
        }
    }

    /// <summary>
    /// Makes layers last, with whatever else is to: all files go to the disk, then the records that say so and what <paramref name="name"/> names, then these.
    /// Two flushes for an image, however many layers and blobs it has. The layers must be leased.
    /// </summary>
    /// <param name="chain">The layers.</param>
    /// <param name="elsewhere">Another folder whose files are flushed too.</param>
    /// <param name="name">Gives names to what is on the disk now.</param>
    public void Seal(IReadOnlyList<Digest> chain, string elsewhere, Action name)
    {
        LayerRecord[] records;
        lock (_gate)
        {
            records = [.. chain.Where(_unsealed.Contains).Distinct().Select(c => _known[c])];
        }

        Flush(elsewhere);
        foreach (var record in records)
        {
            var path = Path.Combine(_layers, record.ChainId["sha256:".Length..], "layer.json");
            var temporary = DurableFile.TemporaryPath(path);
            File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(record, LayerJson.Default.LayerRecord));
            File.Move(temporary, path, overwrite: true);
        }

        name();
        Flush(elsewhere);
        lock (_gate)
        {
            foreach (var record in records)
            {
                _unsealed.Remove(Digest.Parse(record.ChainId, null));
            }
        }
    }

    /// <summary>
    /// Has the disk begin with what is there, while the next layers are unpacked: at the end it has little left to do. Called under the lock.
    /// </summary>
    private void StartFlush()
    {
        if (!_flushing.IsCompleted)
        {
            return;
        }

        _flushing = ArchiveThread.RunAsync(
            () =>
            {
                try
                {
                    SyncFileSystem(_layers);
                }
                catch (LinuxException e)
                {
                    // The kernel tells of a failed write once only.
                    _flushFailure = e;
                }
            },
            CancellationToken.None);
    }

    private void Flush(string elsewhere)
    {
        Task flushing;
        lock (_gate)
        {
            flushing = _flushing;
        }

        flushing.Wait();
        if (Interlocked.Exchange(ref _flushFailure, null) is { } failure)
        {
            throw failure;
        }

        SyncFileSystem(_layers);
        if (Libc.Stat(_layers, out var own) != 0 || Libc.Stat(elsewhere, out var other) != 0 || own.FileSystem != other.FileSystem)
        {
            SyncFileSystem(elsewhere);
        }
    }

    private static void SyncFileSystem(string path)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        var errno = Libc.Open(bytes, Libc.OpenReadOnly | Libc.OpenDirectory, 0, out var handle);
        using (handle)
        {
            errno = errno == 0 ? Libc.SyncFileSystem(handle!) : errno;
        }

        if (errno != 0)
        {
            throw new LinuxException("syncfs", path, errno);
        }
    }

    /// <summary>Folders of the layers below, topmost first, once they are there.</summary>
    private IReadOnlyList<string> Lowers(IReadOnlyList<Digest> chain, int index, Task? below, CancellationToken ct)
    {
        below?.Wait(ct);
        return [.. chain.Take(index).Reverse().Select(c => Path.Combine(LayerFolder(c), "diff"))];
    }

    /// <summary>Random, not derived: who makes an image must not be able to choose a link that another image has.</summary>
    private string NewLink(Digest chainId)
    {
        if (_lostLinks.Remove(chainId, out var known))
        {
            return known;
        }

        while (true)
        {
            var link = RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 8);
            if (!Path.Exists(Path.Combine(_links, link)))
            {
                File.CreateSymbolicLink(Path.Combine(_links, link), $"../{chainId.Hex}/diff");
                return link;
            }
        }
    }
}
