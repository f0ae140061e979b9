namespace Portal.Runtime.Cgroups;

/// <summary>Which kind of control groups the host's resource controllers live in.</summary>
public enum CgroupVersion
{
    /// <summary>One hierarchy per controller; also hosts that have an empty v2 tree beside them.</summary>
    V1 = 1,

    /// <summary>One hierarchy.</summary>
    V2 = 2,
}
