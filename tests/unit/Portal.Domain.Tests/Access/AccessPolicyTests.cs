using Portal.Domain.Access;
using Portal.Domain.Primitives;

namespace Portal.Domain.Tests.Access;

public class AccessPolicyTests
{
    private static readonly HostId s_here = new("here");
    private static readonly HostId s_there = new("there");
    private static readonly Subject s_ann = new(SubjectKind.User, "1"), s_team = new(SubjectKind.Team, "web");
    private readonly AccessPolicy _policy = new();

    /// <summary>
    /// Who may do what, by the first letters of Operator, Developer, Helpdesk, Auditor and Viewer; an administrator may do all, anonymous nothing.
    /// A new permission needs a decision here.
    /// </summary>
    private static readonly Dictionary<Permission, string> s_matrix = new()
    {
        [Permission.HostRead] = "ODHAV",
        [Permission.HostManage] = "",
        [Permission.EngineRead] = "ODHAV",
        [Permission.EventRead] = "ODHAV",
        [Permission.ContainerRead] = "ODHAV",
        [Permission.ContainerLogs] = "ODHV",
        [Permission.ContainerCreate] = "OD",
        [Permission.ContainerUpdate] = "OD",
        [Permission.ContainerRename] = "OD",
        [Permission.ContainerStart] = "ODH",
        [Permission.ContainerStop] = "ODH",
        [Permission.ContainerRestart] = "ODH",
        [Permission.ContainerKill] = "ODH",
        [Permission.ContainerPause] = "ODH",
        [Permission.ContainerRemove] = "OD",
        [Permission.ContainerExec] = "OD",
        [Permission.ContainerAttach] = "OD",
        [Permission.ContainerFilesRead] = "OD",
        [Permission.ContainerFilesWrite] = "OD",
        [Permission.ContainerCommit] = "OD",
        [Permission.ContainerPrune] = "O",
        [Permission.ImageRead] = "ODHAV",
        [Permission.ImagePull] = "OD",
        [Permission.ImagePush] = "OD",
        [Permission.ImageBuild] = "OD",
        [Permission.ImageLoad] = "OD",
        [Permission.ImageSave] = "OD",
        [Permission.ImageTag] = "OD",
        [Permission.ImageRemove] = "OD",
        [Permission.ImagePrune] = "O",
        [Permission.NetworkRead] = "ODHAV",
        [Permission.NetworkCreate] = "OD",
        [Permission.NetworkConnect] = "OD",
        [Permission.NetworkRemove] = "OD",
        [Permission.NetworkPrune] = "O",
        [Permission.VolumeRead] = "ODHAV",
        [Permission.VolumeCreate] = "OD",
        [Permission.VolumeRemove] = "OD",
        [Permission.VolumePrune] = "O",
        [Permission.VolumeFilesRead] = "OD",
        [Permission.VolumeFilesWrite] = "OD",
        [Permission.VolumeBackup] = "OD",
        [Permission.VolumeRestore] = "OD",
        [Permission.RegistryRead] = "ODHAV",
        [Permission.RegistryManage] = "",
        [Permission.UserRead] = "A",
        [Permission.UserManage] = "",
        [Permission.AccessManage] = "",
        [Permission.AuditRead] = "A",
        [Permission.SettingsRead] = "A",
        [Permission.SettingsManage] = "",
        [Permission.OperationManage] = "O",
    };

    public static TheoryData<Permission> Permissions => [.. Enum.GetValues<Permission>()];

    public static TheoryData<string> Scopes => ["group", "host", "swarm", "stack", "labels", "resource", "owner"];

    private static AccessTarget Container { get; } = new(s_here)
    {
        Kind = ResourceKind.Container, Id = "c1", HostGroups = ["edge"], Swarm = "prod", Stack = "shop", Owners = [s_team], Labels = new Dictionary<string, string> { ["team"] = "web", ["stage"] = "test" },
    };

    [Theory]
    [MemberData(nameof(Permissions))]
    public void Check_EveryPermission_FollowsTheMatrix(Permission permission)
    {
        Assert.Null(Check(permission, new Grant(BuiltInRoles.Administrator, Scope.All)));
        Assert.Equal(s_matrix[permission], string.Concat(BuiltInRoles.All.Skip(1).Where(role => Check(permission, new Grant(role, Scope.All)) is null).Select(role => role.Name[0])));
        Assert.Equal(ErrorKind.Forbidden, Check(permission)!.Kind);
    }

    [Fact]
    public void Check_GrantOnAnotherHost_Refuses()
    {
        Assert.NotNull(Check(Permission.ContainerStart, new Grant(BuiltInRoles.Administrator, new Scope.OfHost(s_there))));
        Assert.Null(Check(Permission.ContainerStart, new Grant(BuiltInRoles.Administrator, new Scope.OfHost(s_here))));
    }

    [Fact]
    public void Check_GrantOnOneHostForThePortal_Refuses() =>
        Assert.NotNull(_policy.Check(Ann(new Grant(BuiltInRoles.Administrator, new Scope.OfHost(s_here))), Permission.UserRead, AccessTarget.Portal));

    [Fact]
    public void Check_SeveralGrants_OneThatCoversIsEnough() => Assert.Null(Check(
        Permission.ContainerStop, new Grant(BuiltInRoles.Viewer, Scope.All), new Grant(BuiltInRoles.Administrator, new Scope.OfHost(s_here))));

    [Theory]
    [MemberData(nameof(Scopes))]
    public void Scope_OfAContainer_CoversItAndNoOther(string name)
    {
        Scope everywhere = Scope.All;
        Assert.True(LabelSelector.TryParse("team=web,stage!=prod", out var selector));
        var (scope, other) = name switch
        {
            "group" => ((Scope)new Scope.OfHostGroup("edge"), Container with { HostGroups = ["core"] }),
            "host" => (new Scope.OfHost(s_here), Container with { Host = s_there }),
            "swarm" => (new Scope.OfSwarm("prod"), Container with { Swarm = null }),
            "stack" => (new Scope.OfStack(everywhere, "shop"), Container with { Stack = "shop2" }),
            "labels" => (new Scope.WithLabels(new Scope.OfHost(s_here), selector), Container with { Labels = new Dictionary<string, string> { ["team"] = "web", ["stage"] = "prod" } }),
            "resource" => (new Scope.OfResource(s_here, ResourceKind.Container, "c1"), Container with { Id = "c2" }),
            _ => (new Scope.OfOwner(everywhere, s_team), Container with { Owners = [s_ann] }),
        };
        var ann = Ann(new Grant(BuiltInRoles.Developer, scope));

        Assert.Null(_policy.Check(ann, Permission.ContainerStop, Container));
        Assert.NotNull(_policy.Check(ann, Permission.ContainerStop, other));
        Assert.NotNull(_policy.Check(ann, Permission.HostManage, Container));
        Assert.NotNull(_policy.Check(ann, Permission.ContainerRead, AccessTarget.Portal));
        Assert.True(_policy.Reaches(ann, Permission.ContainerRead, new(s_here) { HostGroups = ["edge"], Swarm = "prod" }));
        Assert.False(_policy.Reaches(ann, Permission.ContainerRead, AccessTarget.Portal));
    }

    [Theory]
    [InlineData("stack")]
    [InlineData("labels")]
    [InlineData("resource")]
    [InlineData("owner")]
    public void Scope_OfSomeOfAHost_IsNotTheHost(string name)
    {
        Assert.True(LabelSelector.TryParse("!nothing", out var selector));
        var within = new Scope.OfHost(s_here);
        Scope scope = name switch
        {
            "stack" => new Scope.OfStack(within, "shop"),
            "labels" => new Scope.WithLabels(within, selector),
            "resource" => new Scope.OfResource(s_here, ResourceKind.Container, "c1"),
            _ => new Scope.OfOwner(within, s_ann),
        };

        Assert.NotNull(_policy.Check(Ann(new Grant(BuiltInRoles.Administrator, scope)), Permission.HostManage, new(s_here)));
    }

    [Fact]
    public void Scope_OfAnOwner_HoldsWhatIsAboutToBeMade() =>
        Assert.Null(_policy.Check(Ann(new Grant(BuiltInRoles.Developer, new Scope.OfOwner(new Scope.OfHost(s_here), s_ann))), Permission.ContainerCreate, new(s_here) { Kind = ResourceKind.Container }));

    [Fact]
    public void Token_WithLimits_MayNoMoreThanBoth()
    {
        var ann = Ann(new Grant(BuiltInRoles.Operator, Scope.All)) with { TokenId = "t", Limits = [new Grant(BuiltInRoles.Administrator, new Scope.OfHost(s_here))] };

        Assert.Null(_policy.Check(ann, Permission.ContainerStop, Container));
        Assert.NotNull(_policy.Check(ann, Permission.HostManage, Container));
        Assert.Contains("token", _policy.Check(ann, Permission.ContainerStop, Container with { Host = s_there })!.Message, StringComparison.Ordinal);
        Assert.False(_policy.Reaches(ann, Permission.ContainerRead, new(s_there)));
        Assert.NotNull(_policy.Check(ann with { Limits = [] }, Permission.ContainerStop, Container));
    }

    [Fact]
    public void Decision_OfAnAdministrator_IsFreeOfRestrictionsWhereTheGrantReaches()
    {
        var ann = Ann(new Grant(BuiltInRoles.Developer, Scope.All), new Grant(BuiltInRoles.Administrator, new Scope.OfHost(s_here)));

        Assert.True(_policy.Decide(ann, Permission.ContainerCreate, Container).IsUnrestricted);
        Assert.False(_policy.Decide(ann, Permission.ContainerCreate, Container with { Host = s_there }).IsUnrestricted);
        Assert.False(_policy.Decide(ann with { Limits = [new(BuiltInRoles.Operator, Scope.All)] }, Permission.ContainerCreate, Container).IsUnrestricted);
    }

    [Fact]
    public void Check_Refusal_NamesWhoWhatAndWhere()
    {
        var message = Check(Permission.ContainerKill, new Grant(BuiltInRoles.Viewer, Scope.All))!.Message;
        Assert.Contains("ann", message, StringComparison.Ordinal);
        Assert.Contains("ContainerKill", message, StringComparison.Ordinal);
        Assert.Contains("here", message, StringComparison.Ordinal);
    }

    private static Actor Ann(params Grant[] grants) => new("1", "ann", grants);

    private Error? Check(Permission permission, params Grant[] grants) => _policy.Check(Ann(grants), permission, new AccessTarget(s_here));
}
