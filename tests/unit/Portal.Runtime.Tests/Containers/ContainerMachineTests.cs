using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using static Portal.Domain.Containers.ContainerState;
using static Portal.Runtime.Containers.ContainerOperation;

namespace Portal.Runtime.Tests.Containers;

public class ContainerMachineTests
{
    private static readonly ContainerId s_id = new(new string('a', 64));

    // Everything that changes something, and everything that is so already. Every other pair is a conflict.
    private static readonly HashSet<(ContainerState, ContainerOperation)> s_done =
    [
        (Created, Start), (Exited, Start),
        (Running, Stop), (Paused, Stop), (Restarting, Stop),
        (Running, Kill), (Paused, Kill),
        (Running, Pause), (Paused, Unpause),
        (Created, Remove), (Exited, Remove), (Dead, Remove),
        (Created, ForceRemove), (Running, ForceRemove), (Paused, ForceRemove), (Restarting, ForceRemove), (Exited, ForceRemove), (Dead, ForceRemove),
        (Created, Attach), (Running, Attach), (Exited, Attach),
        (Running, ContainerOperation.Exec),
        (Created, ReadLog), (Running, ReadLog), (Paused, ReadLog), (Restarting, ReadLog), (Exited, ReadLog),
        (Running, Resize), (Paused, Resize),
        (Created, ReadLog), (Running, ReadLog), (Paused, ReadLog), (Restarting, ReadLog), (Exited, ReadLog),
    ];

    private static readonly HashSet<(ContainerState, ContainerOperation)> s_nothing =
    [
        (Running, Start), (Restarting, Start),
        (Created, Stop), (Exited, Stop), (Removing, Stop), (Dead, Stop),
    ];

    public static TheoryData<ContainerState, ContainerOperationName> Pairs()
    {
        var pairs = new TheoryData<ContainerState, ContainerOperationName>();
        foreach (var state in Enum.GetValues<ContainerState>())
        {
            foreach (var operation in Enum.GetValues<ContainerOperationName>())
            {
                pairs.Add(state, operation);
            }
        }

        return pairs;
    }

    [Theory, MemberData(nameof(Pairs))]
    public void Check_EveryPair_IsDoneOrNothingOrConflict(ContainerState state, ContainerOperationName name)
    {
        var operation = (ContainerOperation)name;

        var verdict = ContainerMachine.Check(state, operation, s_id, "web");

        if (s_done.Contains((state, operation)))
        {
            Assert.Equal(ContainerVerdict.Do, verdict);
        }
        else if (s_nothing.Contains((state, operation)))
        {
            Assert.Equal(ContainerVerdict.Nothing, verdict);
        }
        else
        {
            Assert.Equal(ErrorKind.Conflict, verdict.Error?.Kind);
        }
    }

    [Fact]
    public void Check_Operations_AreAllNamedHere() => Assert.Equal(Enum.GetNames<ContainerOperation>(), Enum.GetNames<ContainerOperationName>());

    [Fact]
    public void Remove_Running_SaysWhatDockerSays() => Assert.Equal(
        "cannot remove container \"/web\": container is running: stop the container before removing or force remove",
        ContainerMachine.Check(Running, Remove, s_id, "web").Error?.Message);

    [Fact]
    public void Exec_Stopped_SaysWhatDockerSays() => Assert.Equal(
        $"container {s_id} is not running", ContainerMachine.Check(Exited, ContainerOperation.Exec, s_id, "web").Error?.Message);
}

/// <summary>The operations by name: the type itself is internal, and test methods are public.</summary>
public enum ContainerOperationName
{
    Start,
    Stop,
    Kill,
    Pause,
    Unpause,
    Remove,
    ForceRemove,
    Attach,
    Exec,
    ReadLog,
    Resize,
}
