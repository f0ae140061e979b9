using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Portal.Runtime.Builds;

/// <summary>Builds a cache key of parts, each with its length, so that no two lists of parts look alike. Pure.</summary>
internal sealed class CacheKey : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <param name="kind">What sort of step it is of.</param>
    public CacheKey(string kind) => Add(kind);

    /// <summary>Key of a few parts.</summary>
    public static string Of(string kind, params ReadOnlySpan<string?> parts)
    {
        using var key = new CacheKey(kind);
        foreach (var part in parts)
        {
            key.Add(part);
        }

        return key.Finish();
    }

    public CacheKey Add(string? part) => part is null ? AddLength(-1) : Add(Encoding.UTF8.GetBytes(part));

    public CacheKey Add(IEnumerable<string> parts)
    {
        string[] all = [.. parts];
        AddLength(all.Length);
        foreach (var part in all)
        {
            Add(part);
        }

        return this;
    }

    public CacheKey Add(ReadOnlySpan<byte> part)
    {
        AddLength(part.Length);
        _hash.AppendData(part);
        return this;
    }

    /// <summary>A piece of a part whose length was told before.</summary>
    public void AddRaw(ReadOnlySpan<byte> piece) => _hash.AppendData(piece);

    public CacheKey AddLength(long number)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        _hash.AppendData(bytes);
        return this;
    }

    /// <summary>The key; to be asked once.</summary>
    public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();
}
