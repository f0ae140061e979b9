using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.UserNamespaces;

/// <summary>The setting <c>--userns-remap</c>: whose subordinate ids the ids of containers are.</summary>
public static class UserRemapSetting
{
    /// <summary>User that <c>default</c> stands for; it is made where there is none.</summary>
    public const string DefaultUser = "portal-remap";

    private const string Default = "default", UserFile = "/etc/subuid", GroupFile = "/etc/subgid";

    // A map is written at once, in less than a page.
    private const int MaximumRanges = 100;

    private static readonly Version s_mappedLayers = new(5, 19);

    /// <summary>Makes <see cref="RuntimeOptions.Mappings"/> of <see cref="RuntimeOptions.UserRemap"/>, and sees that this machine can do it.</summary>
    /// <exception cref="ErrorException">It cannot, or the setting is wrong; a sentence for whoever made it.</exception>
    public static async Task ApplyAsync(RuntimeOptions options)
    {
        if (string.IsNullOrEmpty(options.UserRemap))
        {
            return;
        }

        if (Environment.OSVersion.Version is var kernel && kernel < s_mappedLayers)
        {
            throw Invalid($"this kernel ({kernel}) cannot map the owners of overlay layers; that takes Linux {s_mappedLayers} or newer");
        }

        try
        {
            if (options.UserRemap == Default && SystemAccounts.FindUser(DefaultUser) is null)
            {
                await SystemAccounts.AddAsync(DefaultUser).ConfigureAwait(false);
            }

            if (options.UserRemap == Default && SystemAccounts.FindUser(DefaultUser) is { } made)
            {
                await GiveAsync(made, UserFile, groups: false).ConfigureAwait(false);
                await GiveAsync(made, GroupFile, groups: true).ConfigureAwait(false);
            }

            var mappings = Resolve(options.UserRemap, SystemAccounts.FindUser, SystemAccounts.FindGroup, Read(UserFile), Read(GroupFile));
            Demand(mappings, options);
            options.Mappings = mappings;
        }
        catch (LinuxException e) when (e is { Call: "clone", Errno: Errno.ENOSPC })
        {
            throw Invalid("the kernel allows no more user namespaces (sysctl user.max_user_namespaces)");
        }
        catch (IOException e)
        {
            throw Invalid(e.Message);
        }
    }

    /// <summary>The mappings that a setting means. Pure.</summary>
    internal static IdMappings Resolve(string setting, Func<string, SystemAccount?> findUser, Func<string, SystemAccount?> findGroup, string users, string groups)
    {
        var parts = setting.Split(':');
        if (parts.Length > 2 || parts.Any(part => part.Length == 0))
        {
            throw Invalid($"invalid user/group specification \"{setting}\"; use default, user, user:group, uid or uid:gid");
        }

        var user = findUser(parts[0] == Default ? DefaultUser : parts[0]) ?? throw Invalid($"there is no user {parts[0]} on this machine");
        if (user.Id == 0)
        {
            throw Invalid("root cannot be remapped to itself");
        }

        // Without a group its ids are found under the user's name, as useradd(8) enters them.
        var group = parts.Length == 1 ? user : findGroup(parts[1]) ?? throw Invalid($"there is no group {parts[1]} on this machine");
        var userRanges = SubordinateIds.RangesOf(users, user.Name, user.Id);
        var groupRanges = SubordinateIds.RangesOf(groups, group.Name, group.Id);
        Check(userRanges, "uids", user.Name, UserFile);
        Check(groupRanges, "gids", group.Name, GroupFile);
        return new(userRanges, groupRanges);
    }

    private static void Check(IReadOnlyList<IdRange> ranges, string what, string owner, string file)
    {
        if (ranges.Count is 0 or > MaximumRanges)
        {
            throw Invalid(ranges.Count == 0 ? $"{file} gives no {what} to {owner}" : $"{file} gives {owner} more than {MaximumRanges} ranges of {what}");
        }

        if (ranges.Any(range => range.Outside == 0))
        {
            throw Invalid($"{file} gives the host's root to {owner}; containers are not to have it");
        }
    }

    private static async Task GiveAsync(SystemAccount user, string file, bool groups)
    {
        var text = Read(file);
        if (SubordinateIds.RangesOf(text, user.Name, user.Id).Count == 0)
        {
            await SystemAccounts.AddSubordinatesAsync(user.Name, SubordinateIds.NextFree(text), SubordinateIds.RangeLength, groups).ConfigureAwait(false);
        }
    }

    /// <summary>Tries the mapping on the file system of the data root, and the way to the run root.</summary>
    private static void Demand(IdMappings mappings, RuntimeOptions options)
    {
        Directory.CreateDirectory(options.DataRoot, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute);
        var path = Encoding.UTF8.GetBytes(options.DataRoot);
        if (Libc.Open(path, Libc.OpenPath | Libc.OpenDirectory, 0, out var folder) is not 0 and var errno)
        {
            throw Libc.Failure("open", path, errno);
        }

        using (folder)
        using (var tree = Libc.CloneTree(folder!, recursive: false, options.DataRoot))
        {
            try
            {
                Libc.MapOwners(tree, UserNamespace.For(mappings), options.DataRoot);
            }
            catch (LinuxException e) when (e.Errno is Errno.EINVAL)
            {
                throw Invalid($"the file system of {options.DataRoot} cannot map owners (mount_setattr: EINVAL)");
            }
        }

        for (var above = Path.GetDirectoryName(options.RunRoot); above is not null; above = Path.GetDirectoryName(above))
        {
            if (Directory.Exists(above) && (File.GetUnixFileMode(above) & UnixFileMode.OtherExecute) == 0)
            {
                throw Invalid($"the root of containers cannot pass through {above} to reach {options.RunRoot}; allow it with chmod o+x, or choose another run root");
            }
        }
    }

    private static string Read(string file) => File.Exists(file) ? File.ReadAllText(file) : "";

    private static ErrorException Invalid(string message) => new(ErrorKind.Invalid, "runtime.user_remap", message);
}
