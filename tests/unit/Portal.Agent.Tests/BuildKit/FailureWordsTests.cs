using System.Text;
using System.Text.Json;
using Grpc.Core;
using Portal.Agent.BuildKit.Rpc;
using Portal.Agent.BuildKit.Solving;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;

namespace Portal.Agent.Tests.BuildKit;

public sealed class FailureWordsTests
{
    [Fact]
    public void Failure_WithoutTheFile_HasNoPlace()
    {
        var told = FailureWords.Located(new BuildFailure(new(ErrorKind.Invalid, "x", "wrong"), 3), "Dockerfile");

        Assert.Equal("wrong", told.Status.Detail);
        Assert.Equal(StatusCode.Unknown, told.StatusCode);
        Assert.Empty(Details(told).Details);
    }

    [Theory]
    [InlineData("COPY failed", "COPY failed (sub/Dockerfile:2)")]
    [InlineData("dockerfile parse error on line 2: no", "dockerfile parse error on line 2: no")]
    public void Failure_ForClientsThatShowWordsAlone_NamesItsPlaceOnce(string words, string shown)
    {
        var status = new Agent.BuildKit.Wire.Gateway.Status { Code = 2, Message = words };
        status.Details.Add(new Google.Protobuf.WellKnownTypes.Any
        {
            TypeUrl = "github.com/moby/buildkit/errdefs.Source+json", Value = Google.Protobuf.ByteString.CopyFrom(FailureWords.Source("sub/Dockerfile", "FROM a\nCOPY b c\n", 2)),
        });

        Assert.Equal(shown, FailureWords.Placed(FailureWords.Passed(status)));
        Assert.Equal("wrong", FailureWords.Placed(FailureWords.Located(new BuildFailure(new(ErrorKind.Invalid, "x", "wrong"), 3), "Dockerfile")));
    }

    [Theory]
    [InlineData(ErrorKind.NotImplemented, StatusCode.Unimplemented)]
    [InlineData(ErrorKind.Forbidden, StatusCode.PermissionDenied)]
    [InlineData(ErrorKind.NotFound, StatusCode.Unknown)]
    public void Kind_HasItsStatus(ErrorKind kind, StatusCode status) => Assert.Equal(status, ErrorWords.Of(new ErrorException(kind, "x", "words")).StatusCode);

    [Fact]
    public void Cancellation_IsToldAsSuch() => Assert.Equal((StatusCode.Cancelled, "context canceled"), (ErrorWords.Of(new OperationCanceledException()).StatusCode, ErrorWords.Of(new TaskCanceledException()).Status.Detail));

    [Fact]
    public void Details_OfAClientsFailure_ComeBackAsTheyWere()
    {
        var given = new Agent.BuildKit.Wire.Gateway.Status { Code = 5, Message = "nothing" };
        given.Details.Add(new Google.Protobuf.WellKnownTypes.Any { TypeUrl = "t", Value = Google.Protobuf.ByteString.CopyFromUtf8("v") });

        var told = FailureWords.Passed(given);

        Assert.Equal(StatusCode.NotFound, told.StatusCode);
        Assert.Equal(given, Details(told));
    }

    [Fact]
    public void Source_IsWhatClientsRead()
    {
        using var json = JsonDocument.Parse(FailureWords.Source("Dockerfile", "FROM a\nRUN b\n", 2));

        Assert.Equal("Dockerfile", json.RootElement.GetProperty("info").GetProperty("filename").GetString());
        Assert.Equal("FROM a\nRUN b\n", Encoding.UTF8.GetString(json.RootElement.GetProperty("info").GetProperty("data").GetBytesFromBase64()));
        Assert.Equal(2, json.RootElement.GetProperty("ranges")[0].GetProperty("start").GetProperty("line").GetInt32());
        Assert.Equal(2, json.RootElement.GetProperty("ranges")[0].GetProperty("end").GetProperty("line").GetInt32());
    }

    private static Agent.BuildKit.Wire.Gateway.Status Details(RpcException e) => Agent.BuildKit.Wire.Gateway.Status.Parser.ParseFrom(e.Trailers.GetValueBytes("grpc-status-details-bin")!);
}
