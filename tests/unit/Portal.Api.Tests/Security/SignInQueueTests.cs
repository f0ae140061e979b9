using Portal.Api.Security;

namespace Portal.Api.Tests.Security;

public sealed class SignInQueueTests
{
    [Fact]
    public void Enter_ManyOfOneAddress_LeavesPlacesToOthers()
    {
        var queue = new SignInQueue(most: 4, mostOfSource: 2);

        var first = queue.Enter("a");
        Assert.NotNull(first);
        Assert.NotNull(queue.Enter("a"));
        Assert.Null(queue.Enter("a"));
        Assert.NotNull(queue.Enter("b"));
        Assert.NotNull(queue.Enter("b"));
        Assert.Null(queue.Enter("c"));

        first.Dispose();
        first.Dispose();

        Assert.NotNull(queue.Enter("c"));
        Assert.Null(queue.Enter("a"));
    }
}
