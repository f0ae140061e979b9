using Portal.Domain.Primitives;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Tests.Containers;

public class SignalNameTests
{
    [Theory]
    [InlineData("SIGHUP", 1)]
    [InlineData("hup", 1)]
    [InlineData("9", 9)]
    [InlineData("TERM", 15)]
    [InlineData("SIGRTMIN+3", 37)]
    [InlineData("RTMAX-1", 63)]
    public void Parse_NameOrNumber_IsTheNumber(string text, int number) => Assert.Equal(number, SignalName.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("65")]
    [InlineData("-9")]
    [InlineData("SIGNOPE")]
    [InlineData("HUP+1")]
    [InlineData("RTMIN+99")]
    public void Parse_Unknown_Is400(string text) =>
        Assert.Equal((ErrorKind.Invalid, $"invalid signal: {text}"), Assert.Throws<ErrorException>(() => SignalName.Parse(text)).Error is var error ? (error.Kind, error.Message) : default);
}
