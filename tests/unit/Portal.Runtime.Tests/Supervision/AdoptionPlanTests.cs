using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Supervision;
using Portal.Runtime.Tests.Containers;

namespace Portal.Runtime.Tests.Supervision;

public class AdoptionPlanTests
{
    private static readonly ContainerId s_id = new(new string('a', 64));

    private static ContainerRecord Running => ContainerStoreTests.Record(s_id, "web", ContainerState.Running) with { Run = new("boot", 1, 1, 2, 2) };

    [Theory]
    [InlineData(true, true, false, "Adopt")]
    [InlineData(false, true, false, "Adopt")] // the monitor was killed, the container lives
    [InlineData(true, false, false, "Adopt")] // it has ended and the monitor is writing that down
    [InlineData(false, false, true, "Finish")]
    [InlineData(false, false, false, "Finish")] // power cut
    public void Decide_WasRunning_IsAdoptedWhileAnythingLives(bool monitor, bool init, bool exit, string step) =>
        Assert.Equal(step, AdoptionPlan.Decide(Running, new(false, monitor, init, true, exit)).ToString());

    [Theory]
    [InlineData(true, true, true, false, "Adopt")] // killed between the OCI runtime's start and the record of it
    [InlineData(true, true, false, false, "RollBack")] // created, never let go
    [InlineData(true, false, false, false, "RollBack")]
    [InlineData(false, false, false, false, "RollBack")]
    [InlineData(false, false, true, true, "Finish")] // started and ended, neither recorded
    public void Decide_StartWithoutAnEnd_IsAdoptedOnceLetGo(bool monitor, bool init, bool letGo, bool exit, string step) => Assert.Equal(
        step, AdoptionPlan.Decide(ContainerStoreTests.Record(s_id, "web"), new(Intent: true, monitor, init, letGo, exit)).ToString());

    [Theory]
    [InlineData(ContainerState.Created, false, "Leave")]
    [InlineData(ContainerState.Exited, false, "Leave")]
    [InlineData(ContainerState.Exited, true, "Remove")]
    [InlineData(ContainerState.Created, true, "Leave")]
    [InlineData(ContainerState.Restarting, false, "Restart")]
    [InlineData(ContainerState.Removing, false, "Remove")]
    [InlineData(ContainerState.Dead, false, "Remove")]
    public void Decide_NotRunning_FollowsTheRecord(ContainerState state, bool autoRemove, string step) =>
        Assert.Equal(step, AdoptionPlan.Decide(ContainerStoreTests.Record(s_id, "web", state, autoRemove), default).ToString());
}
