namespace Portal.Runtime.Exec;

/// <summary>The files of one exec on the run root.</summary>
/// <param name="Stem">Path without an ending. Short: a socket's path has 107 bytes.</param>
internal sealed record ExecFiles(string Stem)
{
    private const int NameLength = 16;

    /// <summary>What the OCI runtime is to run.</summary>
    public string Process => Stem + ".json";

    /// <summary>Written by the OCI runtime once the process runs.</summary>
    public string PidFile => Stem + ".pid";

    /// <summary>The OCI runtime's own words.</summary>
    public string Log => Stem + ".log";

    /// <summary>Socket on which the OCI runtime hands over the terminal.</summary>
    public string Console => Stem + ".tty";

    /// <summary>Folder of the files of all execs.</summary>
    public static string Folder(RuntimeOptions options) => options.RunRoot + "/execs";

    public static ExecFiles Of(RuntimeOptions options, string execId) => new($"{Folder(options)}/{execId[..NameLength]}");

    public string ReadLog() => File.Exists(Log) ? File.ReadAllText(Log) : "";

    public void Delete()
    {
        foreach (var path in (string[])[Process, PidFile, Log, Console])
        {
            File.Delete(path);
        }
    }
}
