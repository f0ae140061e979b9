using Portal.Domain.Primitives;
using Portal.Runtime.Mounts;

namespace Portal.Runtime.Tests.Mounts;

public sealed class ProcTargetsTests
{
    [Theory]
    [InlineData("/proc", "error mounting \"/s\" to rootfs at \"/proc\": \"/proc\" cannot be mounted because it is not of type proc")]
    [InlineData("/proc/self/attr", "error mounting \"/s\" to rootfs at \"/proc/self/attr\": \"/proc/self/attr\" cannot be mounted because it is inside /proc")]
    public void Check_OverWhatTheRuntimeTrusts_IsRefused(string target, string message) =>
        Assert.Equal(message, Assert.Throws<ErrorException>(() => ProcTargets.Check("/s", target, () => false)).Message);

    [Theory]
    [InlineData("/proc", true)]
    [InlineData("/proc/meminfo", false)]
    [InlineData("/processes", false)]
    [InlineData("/sys", false)]
    public void Check_AnythingElse_Passes(string target, bool isProc) => ProcTargets.Check("/s", target, () => isProc);
}
