using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Layers;

namespace Portal.Runtime.Tests.Layers;

public sealed class WhiteoutTests
{
    [Theory]
    [InlineData("name", WhiteoutKind.None, "")]
    [InlineData(".wh", WhiteoutKind.None, "")]
    [InlineData(".wh.name", WhiteoutKind.Deleted, "name")]
    [InlineData(".wh..hidden", WhiteoutKind.Deleted, ".hidden")]
    [InlineData(".wh..wh..opq", WhiteoutKind.Opaque, ".wh..opq")]
    [InlineData(".wh..wh.plnk", WhiteoutKind.Bookkeeping, ".wh.plnk")]
    internal void Whiteout_Name_IsTold(string leaf, WhiteoutKind kind, string hidden)
    {
        Assert.Equal(kind, Whiteout.Parse(Encoding.UTF8.GetBytes(leaf), out var name));
        Assert.Equal(hidden, Encoding.UTF8.GetString(name));
    }

    [Theory]
    [InlineData(".wh.")]
    [InlineData(".wh..")]
    [InlineData(".wh...")]
    public void Whiteout_OfNothing_IsRefused(string leaf) => Assert.Throws<ErrorException>(() => Whiteout.Parse(Encoding.UTF8.GetBytes(leaf), out _));
}
