using Portal.Agent.EngineApi.Mapping;
using Portal.Domain.Containers;
using Portal.Runtime.Containers;

namespace Portal.Agent.Tests.EngineApi.Mapping;

public sealed class MountAnswersTests
{
    [Fact]
    public void Show_MountsInForce_ReadAsDockersInspect()
    {
        ResolvedMount[] mounts =
        [
            new(MountKind.Bind, null, "/a", "/b", true, false, "rslave") { Origin = MountOrigin.Binds, Mode = "ro,z" },
            new(MountKind.Volume, "v", "/vol", "/v", false, false, "") { Origin = MountOrigin.Binds },
            new(MountKind.Volume, "n", "/vol", "/n", false, true, "") { Origin = MountOrigin.Volumes },
            new(MountKind.Volume, "l", "/vol", "/l", true, false, "") { Origin = MountOrigin.Container },
            new(MountKind.Tmpfs, null, "", "/t", false, false, "") { Origin = MountOrigin.Tmpfs },
            new(MountKind.Tmpfs, null, "", "/m", false, false, ""),
            new(MountKind.Image, null, "/run/x/0", "/i", true, false, "") { ImageName = "busybox" },
        ];

        Assert.Equal(
            [
                "bind  /a /b  ro,z False rslave", "volume v /vol /v local z True ", "volume n /vol /n local  True ", "volume l /vol /l local  False ",
                "tmpfs   /m   True ", "image busybox /run/x/0 /i   False rprivate",
            ],
            MountAnswers.Show(mounts).Select(m => $"{m.Type} {m.Name} {m.Source} {m.Destination} {m.Driver} {m.Mode} {m.RW} {m.Propagation}"));
    }
}
