using System.Globalization;
using System.Runtime.InteropServices;

namespace Portal.Runtime.Linux;

/// <param name="Name">As the system spells it.</param>
/// <param name="Id">Number.</param>
internal sealed record SystemAccount(string Name, uint Id);

/// <summary>Users and groups of this machine, wherever it knows them from, and the making of one.</summary>
internal static partial class SystemAccounts
{
    private static readonly Lock s_lock = new();
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    /// <summary>Finds a user by name or number.</summary>
    public static SystemAccount? FindUser(string text) => Find(text, getpwnam, getpwuid);

    /// <summary>Finds a group by name or number.</summary>
    public static SystemAccount? FindGroup(string text) => Find(text, Libc.GetGroupByName, getgrgid);

    /// <summary>Makes a user of the system, with a group of the same name, that nobody can sign in as.</summary>
    /// <exception cref="IOException">It cannot be made; the message has the tool's own words.</exception>
    public static Task AddAsync(string name) => File.Exists("/usr/sbin/useradd")
        ? RunAsync("/usr/sbin/useradd", ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", name])
        : RunAsync("/usr/sbin/adduser", ["-S", "-D", "-H", "-h", "/nonexistent", "-s", "/sbin/nologin", name]);

    /// <summary>Gives subordinate ids to a user.</summary>
    /// <param name="name">The user.</param>
    /// <param name="first">First id.</param>
    /// <param name="count">How many.</param>
    /// <param name="groups">Ids of groups, not of users.</param>
    /// <inheritdoc cref="AddAsync" path="/exception"/>
    public static async Task AddSubordinatesAsync(string name, ulong first, uint count, bool groups)
    {
        if (File.Exists("/usr/sbin/usermod"))
        {
            var range = string.Create(CultureInfo.InvariantCulture, $"{first}-{first + count - 1}");
            await RunAsync("/usr/sbin/usermod", [groups ? "--add-subgids" : "--add-subuids", range, name]).ConfigureAwait(false);
        }
        else
        {
            await File.AppendAllTextAsync(groups ? "/etc/subgid" : "/etc/subuid", string.Create(CultureInfo.InvariantCulture, $"{name}:{first}:{count}\n")).ConfigureAwait(false);
        }
    }

    private static SystemAccount? Find(string text, Func<string, nint> byName, Func<uint, nint> byId)
    {
        lock (s_lock)
        {
            // A number is a number, as in Docker, whatever a name looks like. The answers are static buffers.
            var entry = uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? byId(number) : byName(text);

            // struct passwd and struct group both begin with name, password, id.
            return entry == 0 ? null : new(Marshal.PtrToStringUTF8(Marshal.ReadIntPtr(entry)) ?? "", (uint)Marshal.ReadInt32(entry, 2 * nint.Size));
        }
    }

    private static async Task RunAsync(string program, IReadOnlyList<string> arguments)
    {
        using var error = Pipe.FromChild();
        using var child = ChildProcess.Start(new(program, arguments) { Descriptors = new Dictionary<int, SafeHandle> { [2] = error.Theirs } });
        error.Theirs.Dispose();
        using var limit = new CancellationTokenSource(s_limit);
        var buffer = new byte[4096];
        try
        {
            var length = await error.Ours.ReadAsync(buffer, limit.Token).ConfigureAwait(false);
            if (await child.WaitAsync(limit.Token).ConfigureAwait(false) is not 0 and var status)
            {
                throw new IOException($"{Path.GetFileName(program)} ended with {status}: {System.Text.Encoding.UTF8.GetString(buffer, 0, length).Trim()}");
            }
        }
        catch (OperationCanceledException)
        {
            child.Handle.Signal(Containers.SignalName.Kill);
            throw new IOException($"{Path.GetFileName(program)} did not end within {s_limit.TotalSeconds:0} s and was killed");
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint getpwnam(string name);

    [LibraryImport("libc")]
    private static partial nint getpwuid(uint id);

    [LibraryImport("libc")]
    private static partial nint getgrgid(uint id);
}
