using Portal.Domain.Primitives;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Tests.Oci;

public sealed class UserLookupTests
{
    private const string Passwd = "root:x:0:0:root:/root:/bin/sh\nbob:x:1000:100:Bob:/home/bob:/bin/sh\n12:x:77:77::/home/twelve:/bin/sh\nevil:x:4294967296:0::/:/bin/sh\n";
    private const string Group = "root:x:0:\nusers:x:100:bob\nwheel:x:10:root,bob\nvideo:x:44:alice\n";

    [Theory]
    [InlineData("", 0, 0, "10", "/root")]
    [InlineData("bob", 1000, 100, "10", "/home/bob")]
    [InlineData("1000", 1000, 100, "10", "/home/bob")]
    [InlineData("bob:video", 1000, 44, "", "/home/bob")]
    [InlineData("4711", 4711, 0, "", "/")]
    [InlineData("4711:4712", 4711, 4712, "", "/")]
    [InlineData("12", 77, 77, "", "/home/twelve")]
    public void User_Known_IsResolved(string user, uint uid, uint gid, string additional, string home)
    {
        var resolved = UserLookup.Resolve(user, [], Passwd, Group);

        Assert.Equal((uid, gid, additional, home), (resolved.Uid, resolved.Gid, string.Join(',', resolved.AdditionalGids), resolved.Home));
    }

    [Theory]
    [InlineData("nobody", "unable to find user nobody: no matching entries in passwd file")]
    [InlineData("bob:nogroup", "unable to find group nogroup: no matching entries in group file")]
    [InlineData("evil", "unable to find user evil: no matching entries in passwd file")]
    [InlineData("4294967296", "uids and gids must be in range 0-2147483647")]
    [InlineData("4294967295", "uids and gids must be in range 0-2147483647")]
    [InlineData("-1", "uids and gids must be in range 0-2147483647")]
    [InlineData("99999999999999999999999999", "uids and gids must be in range 0-2147483647")]
    [InlineData("0:-1", "uids and gids must be in range 0-2147483647")]
    public void User_Wrong_IsRefusedNeverRoot(string user, string message) =>
        Assert.Equal(message, Assert.Throws<ErrorException>(() => UserLookup.Resolve(user, [], Passwd, Group)).Message);

    [Fact]
    public void GroupsAdded_NamesAndNumbers_JoinTheUsersOwn() =>
        Assert.Equal([10u, 44u, 500u], UserLookup.Resolve("bob", ["video", "500"], Passwd, Group).AdditionalGids);
}
