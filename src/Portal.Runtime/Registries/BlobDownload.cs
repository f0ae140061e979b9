using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Registries;

/// <summary>How far a download is.</summary>
internal enum DownloadStage
{
    Waiting,
    Downloading,
    Verifying,
    Complete,
    Retrying,
}

/// <summary>
/// A blob on its way to the disk, for as many as want it. It can be read while it grows; the end of it is only seen once its digest is right.
/// What is there already of an earlier try is hashed and taken for what it is: the digest of the whole decides.
/// </summary>
/// <param name="blob">What it has to be.</param>
/// <param name="path">File that it grows in.</param>
/// <param name="slots">Downloads at a time.</param>
internal sealed class BlobDownload(BlobDescriptor blob, string path, SemaphoreSlim slots, TimeProvider time, Action<Exception, long> retrying)
{
    private const int MaximumAttempts = 5;
    private const int WriteBytes = 8 << 20;

    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);

    private readonly object _gate = new();
    private readonly List<Action<DownloadStage, long>> _observers = [];
    private (DownloadStage Stage, long Bytes)? _last;
    private long _written;
    private int _generation;
    private bool _isWhole;
    private Exception? _failure;

    public BlobDescriptor Blob => blob;

    public string Path => path;

    /// <summary>True once its content is there and right.</summary>
    public bool IsWhole
    {
        get
        {
            lock (_gate)
            {
                return _isWhole;
            }
        }
    }

    /// <summary>Tells somebody how far it is, from now on.</summary>
    public void Observe(Action<DownloadStage, long> observer)
    {
        lock (_gate)
        {
            _observers.Add(observer);
            if (_last is { } last)
            {
                observer(last.Stage, last.Bytes);
            }
        }
    }

    /// <summary>Fetches it.</summary>
    /// <exception cref="ErrorException">What came is not what it has to be, or nothing comes.</exception>
    public async Task<StagedBlob> RunAsync(RegistryRepository repository, CancellationToken ct)
    {
        try
        {
            if (!slots.Wait(0, CancellationToken.None))
            {
                Tell(DownloadStage.Waiting, 0);
                await slots.WaitAsync(ct).ConfigureAwait(false);
            }

            try
            {
                await FetchAsync(repository, ct).ConfigureAwait(false);
            }
            finally
            {
                slots.Release();
            }

            Tell(DownloadStage.Complete, blob.Size);
            lock (_gate)
            {
                _isWhole = true;
                Monitor.PulseAll(_gate);
            }

            return new(path, blob.Digest, blob.Size);
        }
        catch (Exception e)
        {
            lock (_gate)
            {
                _failure = e;
                Monitor.PulseAll(_gate);
            }

            if (DiskFull.Is(e))
            {
                File.Delete(path);
                throw TransferErrors.NoSpace(path, e);
            }

            throw;
        }
    }

    /// <summary>A stream of it that waits for what has not come yet.</summary>
    public Stream OpenReader(CancellationToken ct) => new Reader(this, ct);

    private async Task FetchAsync(RegistryRepository repository, CancellationToken ct)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var found = await Task.Run(() => Rehash(file, hash, ct), ct).ConfigureAwait(false);
            var isOneGo = await TransferAsync(repository, file, hash, ct).ConfigureAwait(false) && found == 0;
            Tell(DownloadStage.Verifying, blob.Size);
            if (Digest.FromHash(hash.GetHashAndReset()) is var actual && actual == blob.Digest)
            {
                return;
            }

            file.SetLength(0);
            File.Delete(path);
            StartOver();
            if (isOneGo || !isFirst)
            {
                throw TransferErrors.WrongDigest("a layer", blob.Digest, actual);
            }
        }
    }

    /// <summary>Brings what is missing.</summary>
    /// <returns>True when all of it came in one answer.</returns>
    private async Task<bool> TransferAsync(RegistryRepository repository, FileStream file, IncrementalHash hash, CancellationToken ct)
    {
        var budget = SpaceBudget.For(System.IO.Path.GetDirectoryName(path)!);
        budget.Charge(blob.Size - _written);
        Tell(DownloadStage.Downloading, _written);
        var answers = 0;
        for (var attempt = 0; _written < blob.Size;)
        {
            var before = _written;
            try
            {
                using var response = await repository.OpenBlobAsync(blob.Digest, _written, ct).ConfigureAwait(false);
                answers++;
                if (_written > 0 && !Continues(response))
                {
                    // It begins again, or somewhere else: only the former can be used.
                    if (response.StatusCode == HttpStatusCode.PartialContent)
                    {
                        throw TransferErrors.Bad($"the registry answers a request for {blob.Digest} from byte {_written} on with another part of it");
                    }

                    file.SetLength(0);
                    _ = hash.GetHashAndReset();
                    StartOver();
                    before = 0;
                }

                if (response.Content.Headers.ContentLength is { } length && length != blob.Size - _written)
                {
                    throw TransferErrors.WrongSize($"the layer {blob.Digest}", blob.Size, (length + _written).ToString(CultureInfo.InvariantCulture));
                }

                var begun = _written;
                await BoundedContent.CopyAsync(
                    response, blob.Size - _written + 1,
                    chunk =>
                    {
                        if (_written + chunk.Length > blob.Size)
                        {
                            throw TransferErrors.WrongSize($"the layer {blob.Digest}", blob.Size, $"more than {blob.Size}");
                        }

                        RandomAccess.Write(file.SafeFileHandle, chunk.Span, _written);
                        hash.AppendData(chunk.Span);
                        Advance(chunk.Length);
                        if (_written - begun >= WriteBytes)
                        {
                            // All of it is to be on the disk in the end: the disk need not wait for that.
                            Libc.StartWriting(file.SafeFileHandle, begun, _written - begun);
                            begun = _written;
                        }

                        return true;
                    },
                    repository.Connection, ct).ConfigureAwait(false);
                if (_written < blob.Size)
                {
                    throw new RegistryConnectionException("GET", repository.Address($"blobs/{blob.Digest}"), new EndOfStreamException($"the layer ended after {_written} of {blob.Size} bytes"));
                }
            }
            catch (Exception e) when (Patient.MayGoWell(e) is { } wait)
            {
                // Who breaks off again and again is only waited for while something comes of it.
                attempt = _written - before >= BoundedContent.SlowestBytes ? 1 : attempt + 1;
                if (attempt >= MaximumAttempts)
                {
                    throw;
                }

                retrying(e, _written);
                wait = Patient.Longer(wait > s_retry ? wait : s_retry, attempt - 1);
                Tell(DownloadStage.Retrying, (long)Math.Ceiling(wait.TotalSeconds));
                await Task.Delay(wait, time, ct).ConfigureAwait(false);
            }
        }

        return answers <= 1;
    }

    private bool Continues(HttpResponseMessage response) =>
        response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange is { From: { } from } range && from == _written && (range.Length is null || range.Length == blob.Size);

    /// <summary>Takes over what an earlier try left.</summary>
    private long Rehash(FileStream file, IncrementalHash hash, CancellationToken ct)
    {
        if (file.Length > blob.Size)
        {
            file.SetLength(0);
        }

        var buffer = new byte[128 * 1024];
        long at = 0;
        for (int count; (count = RandomAccess.Read(file.SafeFileHandle, buffer, at)) > 0; at += count)
        {
            ct.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, count);
        }

        Advance(at);
        return at;
    }

    private void Advance(long count)
    {
        lock (_gate)
        {
            _written += count;
            Monitor.PulseAll(_gate);
        }

        Tell(DownloadStage.Downloading, _written);
    }

    private void StartOver()
    {
        lock (_gate)
        {
            _written = 0;
            _generation++;
            Monitor.PulseAll(_gate);
        }
    }

    private void Tell(DownloadStage stage, long bytes)
    {
        lock (_gate)
        {
            _last = (stage, bytes);
            foreach (var observer in _observers)
            {
                observer(stage, bytes);
            }
        }
    }

    /// <summary>Reads behind the writer.</summary>
    private sealed class Reader : ForwardStream
    {
        private readonly BlobDownload _download;
        private readonly CancellationToken _ct;
        private readonly CancellationTokenRegistration _waking;
        private FileStream? _file;
        private long _position;
        private int _generation = -1;

        public Reader(BlobDownload download, CancellationToken ct)
        {
            (_download, _ct) = (download, ct);
            _waking = ct.Register(() =>
            {
                lock (download._gate)
                {
                    Monitor.PulseAll(download._gate);
                }
            });
        }

        [SuppressMessage("Reliability", "CA2000", Justification = "The reader owns the file.")]
        public override int Read(Span<byte> buffer)
        {
            if (buffer.IsEmpty)
            {
                return 0;
            }

            long there;
            lock (_download._gate)
            {
                while (_download._failure is null && !_download._isWhole && _download._written <= _position && !_ct.IsCancellationRequested && IsCurrent())
                {
                    Monitor.Wait(_download._gate);
                }

                _ct.ThrowIfCancellationRequested();
                if (_download._failure is { } failure)
                {
                    // Whoever started it may have gone; that is no reason of ours.
                    throw failure is ErrorException error ? new ErrorException(error.Error, error) : new IOException(failure.Message, failure);
                }

                if (!IsCurrent())
                {
                    throw new ContentReplacedException();
                }

                _generation = _download._generation;
                there = _download._written - _position;
            }

            _file ??= new FileStream(_download.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var count = there <= 0 ? 0 : RandomAccess.Read(_file.SafeFileHandle, buffer[..(int)Math.Min(buffer.Length, there)], _position);
            lock (_download._gate)
            {
                // It may have been emptied, and be filled with other content, while it was read.
                if (!IsCurrent() || (count == 0 && there > 0))
                {
                    throw new ContentReplacedException();
                }
            }

            _position += count;
            return count;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _waking.Dispose();
                _file?.Dispose();
            }

            base.Dispose(disposing);
        }

        private bool IsCurrent() => _generation < 0 || _generation == _download._generation;
    }
}

/// <summary>Content that was being read turned out wrong and comes anew: what was made of it is to be made again.</summary>
internal sealed class ContentReplacedException() : IOException("The content comes anew.");
