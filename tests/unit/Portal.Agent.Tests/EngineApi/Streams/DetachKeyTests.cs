using System.Buffers;
using System.Text;
using Portal.Agent.EngineApi.Streams;
using Portal.Domain.Primitives;

namespace Portal.Agent.Tests.EngineApi.Streams;

public sealed class DetachKeyTests
{
    [Theory]
    [InlineData(null, new byte[] { 0x10, 0x11 })]
    [InlineData("ctrl-a", new byte[] { 1 })]
    [InlineData("ctrl-[,x,ctrl-@", new byte[] { 27, (byte)'x', 0 })]
    public void Keys_Written_AreRead(string? text, byte[] keys) => Assert.Equal(keys, DetachKeys.Parse(text).Bytes.ToArray());

    [Theory]
    [InlineData("ctrl-")]
    [InlineData("ctrl-A")]
    [InlineData("ab")]
    [InlineData("a,")]
    public void Keys_Unknown_Are400(string text) =>
        Assert.Equal($"Invalid detach keys ({text}) provided", Assert.Throws<ErrorException>(() => DetachKeys.Parse(text)).Error.Message);

    [Theory]
    [InlineData("ctrl-p,ctrl-q", "ab\u0010\u0011cd", "ab", true)]
    [InlineData("ctrl-p,ctrl-q", "ab\u0010x\u0011", "ab\u0010x\u0011", false)]
    [InlineData("ctrl-p,ctrl-q", "\u0010\u0010\u0011", "\u0010", true)]
    [InlineData("a,a,b", "aaab", "a", true)]
    [InlineData("a,b,a,c", "ababac", "ab", true)]
    [InlineData("x", "abx", "ab", true)]
    public void Input_InAnyPieces_IsPassedOnUpToTheSequence(string keys, string input, string passed, bool detached)
    {
        for (var size = 1; size <= input.Length; size++)
        {
            var scanner = new DetachKeyScanner(DetachKeys.Parse(keys));
            var output = new ArrayBufferWriter<byte>();
            var found = false;
            foreach (var piece in input.Chunk(size))
            {
                if (found = scanner.Scan(Encoding.ASCII.GetBytes(piece), output))
                {
                    break;
                }
            }

            Assert.Equal(detached, found);
            Assert.Equal(passed, Encoding.ASCII.GetString(output.WrittenSpan));
        }
    }
}
