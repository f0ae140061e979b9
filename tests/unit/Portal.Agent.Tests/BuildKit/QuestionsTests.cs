using System.Text.Json;
using Portal.Agent.BuildKit.Solving;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;

namespace Portal.Agent.Tests.BuildKit;

public sealed class QuestionsTests
{
    private static readonly StageFacts s_app = new("app", "what runs", "scratch", "", 3);

    private static readonly DockerfileFacts s_facts = new("FROM scratch\n", [new("", "", "busybox", "", 1), s_app], s_app)
    {
        Arguments = [new("VERSION", "which one", "2", 2), new("EMPTY", "", null, 4)],
        Secrets = [new("token", true, 5)],
        Warnings = [new("JSONArgsRecommended", "JSON arguments recommended", "JSON arguments recommended for CMD", 6)],
    };

    [Fact]
    public void Lint_HasWarningsPlacesAndTheFile()
    {
        var answer = Questions.Answer("lint", "sub/Dockerfile", s_facts);

        using var json = JsonDocument.Parse(answer["result.json"].ToByteArray());
        var warning = Assert.Single(json.RootElement.GetProperty("warnings").EnumerateArray());
        Assert.Equal("JSONArgsRecommended", warning.GetProperty("ruleName").GetString());
        Assert.Equal("https://docs.docker.com/go/dockerfile/rule/json-args-recommended/", warning.GetProperty("url").GetString());
        Assert.Equal(6, warning.GetProperty("location").GetProperty("ranges")[0].GetProperty("start").GetProperty("line").GetInt32());
        Assert.Equal("sub/Dockerfile", json.RootElement.GetProperty("sources")[0].GetProperty("filename").GetString());
        Assert.Equal("FROM scratch\n"u8.ToArray(), json.RootElement.GetProperty("sources")[0].GetProperty("data").GetBytesFromBase64());
        Assert.Equal("1", answer["result.statuscode"].ToStringUtf8());
        Assert.Contains("sub/Dockerfile:6", answer["result.txt"].ToStringUtf8(), StringComparison.Ordinal);
        Assert.Equal("0", Questions.Answer("lint", "Dockerfile", s_facts with { Warnings = [] })["result.statuscode"].ToStringUtf8());
    }

    [Fact]
    public void Targets_SayWhichIsBuiltWhenNoneIsNamed()
    {
        var answer = Questions.Answer("targets", "Dockerfile", s_facts);

        using var json = JsonDocument.Parse(answer["result.json"].ToByteArray());
        Assert.Equal([("", false), ("app", true)], json.RootElement.GetProperty("targets").EnumerateArray().Select(target => (target.GetProperty("name").GetString()!, target.GetProperty("default").GetBoolean())));
        Assert.Equal("TARGET          DESCRIPTION\napp (default)   what runs\n", answer["result.txt"].ToStringUtf8());
        Assert.Equal("1.0.0", answer["version"].ToStringUtf8());
    }

    [Fact]
    public void Outline_HasWhatTheTargetTakes()
    {
        var answer = Questions.Answer("outline", "Dockerfile", s_facts);

        using var json = JsonDocument.Parse(answer["result.json"].ToByteArray());
        Assert.Equal("app", json.RootElement.GetProperty("name").GetString());
        Assert.Equal(["VERSION", "EMPTY"], json.RootElement.GetProperty("args").EnumerateArray().Select(argument => argument.GetProperty("name").GetString()));
        Assert.True(json.RootElement.GetProperty("secrets")[0].GetProperty("required").GetBoolean());
        Assert.Contains("VERSION     2       which one", answer["result.txt"].ToStringUtf8(), StringComparison.Ordinal);
    }

    [Fact]
    public void Question_ThatNobodyKnows_IsRefused() =>
        Assert.Equal("unsupported request frontend.odd", Assert.Throws<ErrorException>(() => Questions.Answer("odd", "Dockerfile", s_facts)).Message);
}
