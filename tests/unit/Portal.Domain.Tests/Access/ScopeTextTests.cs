using Portal.Domain.Access;
using Portal.Domain.Primitives;

namespace Portal.Domain.Tests.Access;

public class ScopeTextTests
{
    private static readonly Subject s_ann = new(SubjectKind.User, "1");

    [Theory]
    [InlineData("all", "everything")]
    [InlineData("host:h1", "host h1")]
    [InlineData("group:production", "host group production")]
    [InlineData("swarm:main", "swarm main")]
    [InlineData("stack:web@host:h1", "stack web on host h1")]
    [InlineData("stack:web@all", "stack web on everything")]
    [InlineData("stack:a%40b@group:x%25y", "stack a@b on host group x%y")]
    [InlineData("labels:team=web,stage!=prod,!old@swarm:main", "what is labelled team=web,stage!=prod,!old on swarm main")]
    [InlineData("labels:mail=a%40b@all", "what is labelled mail=a@b on everything")]
    [InlineData("resource:container:3f2a@host:h1", "container 3f2a on host h1")]
    [InlineData("resource:image:sha256:3f2a@host:h1", "image sha256:3f2a on host h1")]
    [InlineData("resource:volume:data@host:h1", "volume data on host h1")]
    [InlineData("own@all", "what user 1 owns on everything")]
    [InlineData("own@stack:web@host:h1", "what user 1 owns on stack web on host h1")]
    public void Text_OfAScope_ReadsBackAsThatScope(string text, string words)
    {
        Assert.True(ScopeText.TryParse(text, s_ann, out var scope));
        Assert.Equal(words, scope.ToString());
        Assert.Equal(text, ScopeText.Of(scope));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("All")]
    [InlineData("everything")]
    [InlineData("all:x")]
    [InlineData("host")]
    [InlineData("host:")]
    [InlineData("host:Not A Host")]
    [InlineData(" host:h1")]
    [InlineData("group:")]
    [InlineData("group:a b")]
    [InlineData("group:%41")]
    [InlineData("stack:web")]
    [InlineData("stack:@all")]
    [InlineData("stack:web@")]
    [InlineData("stack:web@web")]
    [InlineData("labels:@all")]
    [InlineData("labels:=@all")]
    [InlineData("resource:container:3f2a@all")]
    [InlineData("resource:container:3f2a@group:x")]
    [InlineData("resource:CONTAINER:3f2a@host:h1")]
    [InlineData("resource:1:3f2a@host:h1")]
    [InlineData("resource:container@host:h1")]
    [InlineData("own:x@all")]
    [InlineData("own")]
    [InlineData("own@own@own@own@all")]
    [InlineData("host:h1@all")]
    public void Text_ThatIsNoScope_IsRefused(string? text) => Assert.False(ScopeText.TryParse(text, s_ann, out _));

    [Theory]
    [InlineData("all", "stack:web@host:h1", true)]
    [InlineData("host:h1", "host:h1", true)]
    [InlineData("host:h1", "resource:container:3f@host:h1", true)]
    [InlineData("host:h1", "own@stack:web@host:h1", true)]
    [InlineData("stack:web@all", "stack:web@host:h1", true)]
    [InlineData("stack:web@host:h1", "own@stack:web@host:h1", true)]
    [InlineData("host:h1", "all", false)]
    [InlineData("host:h1", "host:h2", false)]
    [InlineData("host:h1", "stack:web@all", false)]
    [InlineData("group:g", "host:h1", false)]
    [InlineData("stack:web@host:h1", "stack:web@all", false)]
    [InlineData("stack:web@all", "stack:other@host:h1", false)]
    [InlineData("stack:web@all", "labels:web@host:h1", false)]
    [InlineData("labels:a@all", "labels:a,b@all", false)]
    [InlineData("resource:container:3f@host:h1", "host:h1", false)]
    [InlineData("own@all", "all", false)]
    public void Contains_TwoScopes_IsTrueOnlyWhenCertain(string outer, string inner, bool contains) => Assert.Equal(contains, Parse(outer).Contains(Parse(inner)));

    [Fact]
    public void Contains_WhatSomebodyElseOwns_IsNotOnesOwn()
    {
        Assert.True(ScopeText.TryParse("own@all", new Subject(SubjectKind.User, "2"), out var other));
        Assert.False(Parse("own@all").Contains(other));
    }

    [Fact]
    public void Contains_EveryPairHere_IsHeldByWhatIsCovered()
    {
        // Where one contains the other, no target may be covered by the inner one alone.
        var host = new AccessTarget(new HostId("h1")) { HostGroups = ["g"], Kind = ResourceKind.Container, Id = "3f", Stack = "web", Owners = [s_ann], Labels = new Dictionary<string, string> { ["a"] = "" } };
        AccessTarget[] targets = [host, host with { Stack = "other" }, host with { Host = new HostId("h2"), HostGroups = [] }, host with { Owners = [] }, host with { Kind = null, Id = null }, AccessTarget.Portal];
        Scope[] scopes = [.. ((string[])["all", "host:h1", "host:h2", "group:g", "stack:web@all", "stack:web@host:h1", "own@all", "own@host:h1", "labels:a@all", "resource:container:3f@host:h1"]).Select(Parse)];
        foreach (var outer in scopes)
        {
            foreach (var inner in scopes.Where(outer.Contains))
            {
                Assert.All(targets, target => Assert.True(outer.Covers(target) || !inner.Covers(target), $"{inner} covers {target}, {outer} does not"));
            }
        }
    }

    private static Scope Parse(string text) => ScopeText.TryParse(text, s_ann, out var scope) ? scope : throw new ArgumentException(text);
}
