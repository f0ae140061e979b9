using Portal.Agent.BuildKit.Rpc;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;

namespace Portal.Agent.Tests.BuildKit;

public sealed class UsageFilterTests
{
    private static readonly BuildCacheRecord s_record = new("abc", "regular", "[2/3] RUN make", ["p1", "p2"], InUse: false, Shared: true, 5, DateTimeOffset.UnixEpoch, null, 1);

    [Theory]
    [InlineData("type==regular", true)]
    [InlineData("type==exec.cachemount", false)]
    [InlineData("type!=exec.cachemount", true)]
    [InlineData("id~=^ab", true)]
    [InlineData("id~=^b", false)]
    [InlineData("description~=\"RUN m\"", true)]
    [InlineData("parents~=p2", true)]
    [InlineData("inuse", false)]
    [InlineData("shared", true)]
    [InlineData("private", false)]
    [InlineData("inuse==false", true)]
    [InlineData("shared==true,type==regular", true)]
    [InlineData("shared==true,type==other", false)]
    [InlineData("immutable", true)]
    [InlineData("mutable", false)]
    public void Filter_OfOneList_WantsAllOfIt(string text, bool matches) => Assert.Equal(matches, UsageFilter.Read([text]).Matches(s_record));

    [Fact]
    public void Filters_OfSeveralLists_WantOneOfThem()
    {
        Assert.True(UsageFilter.Read(["type==other", "id==abc"]).Matches(s_record));
        Assert.False(UsageFilter.Read(["type==other", "id==x"]).Matches(s_record));
        Assert.True(UsageFilter.Read([""]) is { IsEmpty: true } all && all.Matches(s_record));
        Assert.True(UsageFilter.Read([]).IsEmpty);
    }

    [Theory]
    [InlineData("nosuch==1")]
    [InlineData("type=regular")]
    [InlineData("id~=(")]
    [InlineData(",")]
    public void Filter_ThatCannotBeRead_IsRefusedAndNotPassedOver(string text) => Assert.Throws<ErrorException>(() => UsageFilter.Read([text]));
}
