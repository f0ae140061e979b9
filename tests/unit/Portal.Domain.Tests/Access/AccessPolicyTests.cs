using Portal.Domain.Access;
using Portal.Domain.Primitives;

namespace Portal.Domain.Tests.Access;

public class AccessPolicyTests
{
    private static readonly HostId s_here = new("here");
    private static readonly HostId s_there = new("there");
    private readonly AccessPolicy _policy = new();

    /// <summary>What a viewer may do; an administrator may do all, anonymous nothing. A new permission needs a decision here.</summary>
    private static readonly Dictionary<Permission, bool> s_viewer = new()
    {
        [Permission.HostRead] = true,
        [Permission.ContainerRead] = true,
        [Permission.ContainerLogs] = true,
        [Permission.ContainerStart] = false,
        [Permission.ContainerStop] = false,
        [Permission.ContainerRestart] = false,
        [Permission.ContainerKill] = false,
        [Permission.ContainerRemove] = false,
        [Permission.VolumeFilesRead] = false,
        [Permission.VolumeFilesWrite] = false,
        [Permission.VolumeBackup] = false,
        [Permission.VolumeRestore] = false,
    };

    public static TheoryData<Permission> Permissions => [.. Enum.GetValues<Permission>()];

    [Theory]
    [MemberData(nameof(Permissions))]
    public void Check_EveryPermission_FollowsTheMatrix(Permission permission)
    {
        Assert.Null(Check(permission, new Grant(BuiltInRoles.Administrator, Scope.All)));
        Assert.Equal(s_viewer[permission], Check(permission, new Grant(BuiltInRoles.Viewer, Scope.All)) is null);
        Assert.Equal(ErrorKind.Forbidden, Check(permission)!.Kind);
    }

    [Fact]
    public void Check_GrantOnAnotherHost_Refuses()
    {
        Assert.NotNull(Check(Permission.ContainerStart, new Grant(BuiltInRoles.Administrator, new Scope(s_there))));
        Assert.Null(Check(Permission.ContainerStart, new Grant(BuiltInRoles.Administrator, new Scope(s_here))));
    }

    [Fact]
    public void Check_GrantOnOneHostForEverything_Refuses() =>
        Assert.NotNull(_policy.Check(new Actor("1", "ann", [new Grant(BuiltInRoles.Administrator, new Scope(s_here))]), Permission.HostRead, Scope.All));

    [Fact]
    public void Check_SeveralGrants_OneThatCoversIsEnough() => Assert.Null(Check(
        Permission.ContainerStop, new Grant(BuiltInRoles.Viewer, Scope.All), new Grant(BuiltInRoles.Administrator, new Scope(s_here))));

    [Fact]
    public void Check_Refusal_NamesWhoWhatAndWhere()
    {
        var message = Check(Permission.ContainerKill, new Grant(BuiltInRoles.Viewer, Scope.All))!.Message;
        Assert.Contains("ann", message, StringComparison.Ordinal);
        Assert.Contains("ContainerKill", message, StringComparison.Ordinal);
        Assert.Contains("here", message, StringComparison.Ordinal);
    }

    private Error? Check(Permission permission, params Grant[] grants) => _policy.Check(new Actor("1", "ann", grants), permission, new Scope(s_here));
}
