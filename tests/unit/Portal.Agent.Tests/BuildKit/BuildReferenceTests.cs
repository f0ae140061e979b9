using Google.Protobuf;
using Portal.Agent.BuildKit.Solving;
using Portal.Agent.BuildKit.Wire;
using Portal.Domain.Primitives;

namespace Portal.Agent.Tests.BuildKit;

public sealed class BuildReferenceTests
{
    [Fact]
    public void Reference_Defined_IsReadBack() => Assert.Equal("job-0", BuildReference.Read(BuildReference.Define("job-0")));

    [Fact]
    public void Definition_EndsInAnOperationThatNamesTheSource()
    {
        var definition = BuildReference.Define("x");

        var end = Op.Parser.ParseFrom(definition.Def[^1]);
        var digest = "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(definition.Def[0].Span));
        Assert.Equal(digest, Assert.Single(end.Inputs).Digest);
        Assert.Contains(digest, definition.Metadata.Keys);
    }

    [Fact]
    public void Definition_OfAnother_IsRefused()
    {
        var foreign = new Definition { Def = { new Op { Source = new() { Identifier = "docker-image://busybox" } }.ToByteString(), ByteString.CopyFrom(0xFF, 0xFF) } };

        Assert.Equal("build.definition", Assert.Throws<ErrorException>(() => BuildReference.Read(foreign)).Error.Code);
    }
}
