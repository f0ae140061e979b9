using System.Security.Cryptography;

namespace Portal.Agent.Node;

/// <summary>Who this agent is: a random id that stays with the data root.</summary>
/// <param name="Id">32 hexadecimal digits.</param>
/// <param name="StartedAt">When this process started (UTC).</param>
internal sealed record NodeIdentity(string Id, DateTimeOffset StartedAt)
{
    private const string FileName = "host-id";

    /// <summary>Reads the id of a data root, or makes one. A file that holds no id is replaced.</summary>
    public static NodeIdentity Load(string dataRoot, TimeProvider time)
    {
        var path = Path.Combine(dataRoot, FileName);
        var id = File.Exists(path) ? File.ReadAllText(path).Trim() : "";
        if (id.Length != 32 || !id.All(char.IsAsciiHexDigitLower))
        {
            id = RandomNumberGenerator.GetHexString(32, lowercase: true);
            var temporary = path + ".new";
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                file.Write(System.Text.Encoding.ASCII.GetBytes(id + "\n"));
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }

        return new(id, time.GetUtcNow());
    }
}
