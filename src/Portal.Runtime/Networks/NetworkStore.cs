using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Networks;

/// <summary>The networks of this host, one JSON file each under <c>networks</c> in the data root. Safe for concurrent reading.</summary>
internal sealed class NetworkStore(RuntimeOptions options, TimeProvider time, ILogger<NetworkStore> logger)
{
    private volatile IReadOnlyList<NetworkRecord> _records = [];

    private string Directory => Path.Combine(options.DataRoot, "networks");

    /// <summary>Every network, by name.</summary>
    public IReadOnlyList<NetworkRecord> All => _records;

    /// <summary>Reads the records and makes those of the predefined networks that are not there yet.</summary>
    public void Load()
    {
        System.IO.Directory.CreateDirectory(Directory);
        DurableFile.Sweep(Directory);
        List<NetworkRecord> records = [];
        foreach (var path in System.IO.Directory.EnumerateFiles(Directory, "*.json"))
        {
            if (Read(path) is { } record)
            {
                records.Add(record);
            }
        }

        foreach (var (name, driver) in new[] { ("bridge", BridgeDriver.DriverName), ("host", HostDriver.DriverName), ("none", NullDriver.DriverName) })
        {
            if (!records.Exists(r => r.Name == name))
            {
                var record = new NetworkRecord(RandomNumberGenerator.GetHexString(64, lowercase: true), name, driver, time.GetUtcNow());
                Write(record);
                records.Add(record);
            }
        }

        _records = [.. records.OrderBy(r => r.Name, StringComparer.Ordinal)];
    }

    private NetworkRecord? Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var record = JsonSerializer.Deserialize(file, NetworkJson.Default.NetworkRecord);
            if (record is { Id.Length: 64, Name.Length: > 0, Driver.Length: > 0 })
            {
                return record;
            }
        }
        catch (JsonException)
        {
        }

        // Kept for whoever wants to know; only out of the way.
        logger.RecordBroken(path, SetAside.Move(path, time));
        return null;
    }

    private void Write(NetworkRecord record) =>
        DurableFile.Write(Path.Combine(Directory, record.Id + ".json"), JsonSerializer.SerializeToUtf8Bytes(record, NetworkJson.Default.NetworkRecord));
}
