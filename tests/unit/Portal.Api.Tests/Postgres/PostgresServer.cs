using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Npgsql;

[assembly: AssemblyFixture(typeof(Portal.Api.Tests.Postgres.PostgresServer.End))]

namespace Portal.Api.Tests.Postgres;

/// <summary>
/// A PostgreSQL server of the tests' own, started when the first one asks, on a unix socket in a folder that goes with it. From the distribution's packages,
/// installed or unpacked where <c>PORTAL_E2E_POSTGRES</c> says. It does not run as root: started by root it becomes nobody.
/// </summary>
internal sealed class PostgresServer
{
    private const string User = "portal", Nobody = "65534";
    private static readonly Lazy<PostgresServer> s_running = new(() => new(Find()!));

    private readonly string _folder;
    private readonly string _password = RandomNumberGenerator.GetHexString(24);
    private readonly string _binaries;
    private readonly string _libraries;
    private readonly string[] _as = Environment.UserName == "root" ? ["setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups", "--"] : ["env"];
    private Process _server;

    private PostgresServer(string binaries)
    {
        _binaries = binaries;

        // Beside what was unpacked: …/usr/lib/postgresql/15/bin, …/usr/lib/x86_64-linux-gnu.
        _libraries = string.Join(':', Directory.GetDirectories(Path.GetFullPath(Path.Combine(binaries, "../../..")), "*-linux-*"));
        _folder = Environment.GetEnvironmentVariable("PORTAL_E2E_ROOT") is { Length: > 0 } root
            ? Directory.CreateDirectory(Path.Combine(root, "postgres-" + RandomNumberGenerator.GetHexString(6, lowercase: true))).FullName
            : Directory.CreateTempSubdirectory("portal-postgres-").FullName;
        File.WriteAllText(Path.Combine(_folder, "password"), _password);
        if (_as.Length > 1)
        {
            Run("chown", "-R", $"{Nobody}:{Nobody}", _folder);
        }

        Run([.. _as, Path.Combine(binaries, "initdb"), "-D", Data, "-U", User, "--auth=scram-sha-256", $"--pwfile={_folder}/password", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        _server = Start();
    }

    /// <summary>The server, running.</summary>
    public static PostgresServer Running => s_running.Value;

    /// <summary>True when the whole suite is to run on PostgreSQL, as <c>PORTAL_TEST_DATABASE=postgres</c> asks for.</summary>
    public static bool IsAskedFor => Environment.GetEnvironmentVariable("PORTAL_TEST_DATABASE") == "postgres";

    /// <summary>Skips the test that asks where there is no PostgreSQL.</summary>
    public static void OrSkip() => Assert.SkipWhen(Find() is null && !IsAskedFor, "There is no PostgreSQL here: install the package postgresql, or let 'sudo ./portal test' fetch it.");

    /// <summary>A connection string for a database of that name, which need not exist yet.</summary>
    public string Connection(string database, string? password = null) =>
        new NpgsqlConnectionStringBuilder { Host = _folder, Username = User, Password = password ?? _password, Database = database, MaxPoolSize = 20, ConnectionIdleLifetime = 5, ConnectionPruningInterval = 1 }.ConnectionString;

    /// <summary>Runs a statement in a database.</summary>
    public async Task RunAsync(string sql, string database = "postgres")
    {
        await using var source = NpgsqlDataSource.Create(Connection(database));
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Ends a database with whoever is connected to it.</summary>
    public void Drop(string database)
    {
        using var source = NpgsqlDataSource.Create(Connection("postgres"));
        using var command = source.CreateCommand($"DROP DATABASE IF EXISTS \"{database}\" WITH (FORCE)");
        command.ExecuteNonQuery();
    }

    /// <summary>A second server beside this one, for tests that stop it.</summary>
    public static PostgresServer Another() => new(Find()!);

    /// <summary>Stops the server; its data stay.</summary>
    public void Stop()
    {
        Run("kill", "-INT", _server.Id.ToString(CultureInfo.InvariantCulture));
        if (!_server.WaitForExit(TimeSpan.FromSeconds(20)))
        {
            _server.Kill(entireProcessTree: true);
        }

        _server.Dispose();
    }

    /// <summary>Starts the server again.</summary>
    public void StartAgain() => _server = Start();

    /// <summary>Stops it and deletes its data.</summary>
    public void Remove()
    {
        Stop();
        Directory.Delete(_folder, recursive: true);
    }

    private string Data => Path.Combine(_folder, "data");

    private static string? Find()
    {
        var cache = Environment.GetEnvironmentVariable("PORTAL_CACHE_ROOT") is { Length: > 0 } set ? set : "/var/cache/portal";
        return ((string[])[Environment.GetEnvironmentVariable("PORTAL_E2E_POSTGRES") ?? "", "", cache + "/borrowed"])
            .Select(place => place + "/usr/lib/postgresql").Where(Directory.Exists)
            .SelectMany(Directory.GetDirectories).OrderDescending(StringComparer.Ordinal).Select(home => home + "/bin")
            .FirstOrDefault(binaries => File.Exists(binaries + "/initdb") && File.Exists(binaries + "/postgres"));
    }

    private Process Start()
    {
        var server = Begin([.. _as, Path.Combine(_binaries, "postgres"), "-D", Data, "-k", _folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=300", "-c", "autovacuum=off"]);
        if (Environment.GetEnvironmentVariable("PORTAL_E2E_ROOT") is { Length: > 0 })
        {
            // For a test run that is killed: what is to be ended by id and start time.
            var stat = File.ReadAllText($"/proc/{server.Id}/stat");
            File.WriteAllText(Path.Combine(_folder, "pids"), $"{server.Id} {stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19]}\n");
        }

        var said = new List<string>();
        while (server.StandardError.ReadLine() is { } line)
        {
            said.Add(line);
            if (line.Contains("ready to accept connections", StringComparison.Ordinal))
            {
                // A full pipe would stop it.
                _ = server.StandardError.BaseStream.CopyToAsync(Stream.Null);
                return server;
            }
        }

        throw new InvalidOperationException($"PostgreSQL did not start: {string.Join(' ', said)}");
    }

    private Process Begin(params string[] words)
    {
        var start = new ProcessStartInfo(words[0], words[1..]) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = "/" };
        start.Environment["LD_LIBRARY_PATH"] = _libraries;
        start.Environment["LC_ALL"] = "C.UTF-8";
        return Process.Start(start)!;
    }

    private void Run(params string[] words)
    {
        using var process = Begin(words);
        var said = process.StandardOutput.ReadToEndAsync();
        var complained = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', words)}: {complained}{said.Result}");
    }

    /// <summary>Ends the server with the tests.</summary>
    public sealed class End : IDisposable
    {
        public void Dispose()
        {
            if (s_running.IsValueCreated)
            {
                Running.Remove();
            }
        }
    }
}
