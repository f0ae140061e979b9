using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
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

    /// <summary>Names of networks that the engine makes itself.</summary>
    public static bool IsPredefined(string name) => name is "bridge" or "host" or "none";

    /// <summary>Finds by id; null when there is none.</summary>
    public NetworkRecord? Find(string id) => _records.FirstOrDefault(n => n.Id == id);

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

        foreach (var spec in (NetworkSpec[])
            [BridgeSettings.Default(options), new() { Name = "host", Driver = HostDriver.DriverName }, new() { Name = "none", Driver = NullDriver.DriverName }])
        {
            // The settings of this agent hold, whatever they were when the network was made.
            var known = records.FindIndex(r => r.Name == spec.Name);
            var record = new NetworkRecord(known < 0 ? PredefinedId(spec.Name) : records[known].Id, known < 0 ? time.GetUtcNow() : records[known].Created, spec, OwnsLink: spec.Name == "bridge");
            if (known < 0)
            {
                Write(record);
                records.Add(record);
            }
            else
            {
                records[known] = record;
            }
        }

        _records = Sorted(records);
    }

    /// <summary>Adds a network; it is durable when this returns.</summary>
    public void Add(NetworkRecord record)
    {
        Write(record);
        _records = Sorted([.. _records, record]);
    }

    /// <summary>Forgets a network.</summary>
    public void Remove(NetworkRecord record)
    {
        File.Delete(PathOf(record.Id));
        Libc.SyncDirectory(Directory);
        _records = [.. _records.Where(r => r.Id != record.Id)];
    }

    /// <summary>64 hexadecimal digits, for a network or a place in one.</summary>
    public static string NewId() => RandomNumberGenerator.GetHexString(64, lowercase: true);

    /// <summary>The same whenever it is made anew here: containers find their way back to a network whose record was lost.</summary>
    private string PredefinedId(string name) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Environment.MachineName}\0{Path.GetFullPath(options.DataRoot)}\0{name}")));

    private NetworkRecord? Read(string path)
    {
        try
        {
            if (JsonNode.Parse(File.ReadAllBytes(path)) is JsonObject json)
            {
                // In earlier versions there were only the predefined networks, and nothing to say of them.
                json["spec"] ??= new JsonObject { ["name"] = json["name"]?.DeepClone(), ["driver"] = json["driver"]?.DeepClone() };
                Fill((JsonObject)json["spec"]!);
                if (json.Deserialize(NetworkJson.Default.NetworkRecord) is { Id.Length: 64, Name.Length: > 0, Driver.Length: > 0 } record)
                {
                    return record;
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidCastException or InvalidOperationException)
        {
        }

        // Kept for whoever wants to know; only out of the way.
        logger.RecordBroken(path, SetAside.Move(path, time));
        return null;
    }

    /// <summary>The generated reader makes null of what is missing instead of its default.</summary>
    private static void Fill(JsonObject spec)
    {
        var defaults = JsonSerializer.SerializeToNode(new NetworkSpec { Name = "", Driver = "" }, NetworkJson.Default.NetworkSpec)!.AsObject();
        foreach (var (name, value) in defaults)
        {
            if (!spec.ContainsKey(name))
            {
                spec[name] = value?.DeepClone();
            }
        }
    }

    private static List<NetworkRecord> Sorted(IEnumerable<NetworkRecord> records) => [.. records.OrderBy(r => r.Name, StringComparer.Ordinal)];

    private string PathOf(string id) => Path.Combine(Directory, id + ".json");

    private void Write(NetworkRecord record) => DurableFile.Write(PathOf(record.Id), JsonSerializer.SerializeToUtf8Bytes(record, NetworkJson.Default.NetworkRecord));
}
