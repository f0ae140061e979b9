using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Tests.Tar;

/// <summary>What the packers' own programs made of one text.</summary>
public sealed class CompressionTests
{
    private const string XzOfOneGibibyteDictionary = "/Td6WFoAAATm1rRGAgAhASQAAABeH8f54B2HAKBdADYaSh8IoCYDTQad7+2MoT/IOM9thS+aaJmfL/bA0qMCNuh6N3wj781CW4zWYwMF8FJ4nOAgfo61hWjrULLQWbRgDg+DHcThi//cmP1blWzDWKswNz4UAT0W4QUIHOkX9gnX1iCqYApJbWQOAUxlk1VS0X3odmH9zXUnx9Mw6sXV4NEt6xhwyoHMQLjeo0RHHxLjl2z/j9awmA5PDfTtiQAAJsXn4QYaBX4AAbwBiDsAAMa67pOxxGf7AgAAAAAEWVo=";
    private const string XzWithFilter = "/Td6WFoAAATm1rRGAgEEACEBFgANhjUf4B2HAKBdADYaSh8IoCYDTQad7+2MoT/IOM9thS+aaJmfL/bA0qMCNuh6N3wj781CW4zWYwMF8FJ4nOAgfo61hWjrULLQWbRgDg+DHcThi//cmP1blWzDWKswNz4UAT0W4QUIHOkX9gnX1iCqYApJbWQOAUxlk1VS0X3odmH9zXUnx9Mw6sXV4NEt6xhwyoHMQLjeo0RHHxLjl2z/j9awmA5PDfTtiQAAJsXn4QYaBX4AAbwBiDsAAMa67pOxxGf7AgAAAAAEWVo=";
    private const string ZstdOfTwoGibibyteWindow = "KLUv/QSoBQQAMkYSEaDtYHapXVtV97NtUsrifjdHppAhmldD3xQyRPNq4JtChmheDXtTyBDNq3rzcvJx8T6vgsRQlOtRHvQQvDxKXk4kf57cw1FbLDOoIczq/nfgNZYxESQE//8IgZDffwMjVnaVAXhOKMAhkcCphEBJ+9td2m3btvnzpRcBuwq10I6g";

    private static readonly byte[] s_text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 200).Select(i => $"line {i % 50} of a text that repeats itself\n")));

    public static TheoryData<string, string> Packed => new()
    {
        { "gzip", "H4sIAAAAAAAAA+3VuQ0CUQxF0ZwqXAJe2MqZ4I8Y6QsQ44DyER3cnJe/6Mjyndtj2NGeqy3W49PW96XtPV5j6d223sdcD/M3cjIKMkoyKjI6kdGZjC5kdCWjG8Jk5MjcEbojdUfsjtwdwTuSd0TvyD6QfbB7R/aB7APZB7IPZB/IPpB9IPtE9onskz0bZJ/IPpF9IvtE9onsE9kXsi9kX8i+2KdH9oXsC9kXsi9kX8hehVVhVVgVVoVVYVVYFVaFVWFVWBVWhVVhVVgVVoVVYVVYFVaF/dPCfgGSALx0iB0AAA==" },
        { "bzip2", "QlpoOTFBWSZTWTwWlaMACU3ZgAAQQAB/4CNl3EAwAZgAFAANAyZBQADQMmQFSofqom/UkaZB5R4EJ4EJoITgQng6mhoex2MNzue58Hg9jDDUwwwwwww6mGGGxhhhhhh0MMMMKYYYYYUpSlORCeRCaCE8m5ubm5sUpSmwilNSlNRFKU2KaCKUpSkilKUpSlKUpSlKUpSlNDQpSmwhPQhPIhPwQnAhPQhORCdxCcCE5EJqITUQmCE7CE4EJyITYQmwhNBCdAhPIhP4QmwQmohOghOghP8XckU4UJA8FpWj" },
        { "bzip2, two streams", "QlpoOTFBWSZTWahSOuQAATpZgAAQQAB/4CNl3EAwAKsDapPUNP1QeoAAxqoABoACaqpiDQDQZEoRIIoCPEIumlcHjlnpNW7G24iIbdnqE6NpxtOmOMCJoBJAAAEAkUjaaE8yfCayaSbSZk1k2JgTAmcnKTHWTYmRMpN0mVJ3k/ExiYE3ybyfxdyRThQkKhSOuQBCWmg5MUFZJlNZnyJB5gAB0dmAABBAAH/gI2XcQDABdbRARVAH6oAABNVImoyfqm1PUDygKlUm/9VVGfqgAA3hLdEsIlzCW9ejDD1d3h7MuTm6NzGNLGMYxgQLWBAgVBAg4cOHD/bhw4cI4cOHDha07OzqqrfCJwiWES4ZZZrNarWiOrbWt2aI7MFrR10dBlrRFsy1oi1rRFrREWtERbodNaI65sz2zZns2S/ES5hL6hLqEsolzCXSJaIloiXiEu8JfCJdIlqiWsJYhLahLhEv5EtZEtIS2hLZEv8XckU4UJCfIkHm" },
        { "xz", "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4B2HAKBdADYaSh8IoCYDTQad7+2MoT/IOM9thS+aaJmfL/bA0qMCNuh6N3wj781CW4zWYwMF8FJ4nOAgfo61hWjrULLQWbRgDg+DHcThi//cmP1blWzDWKswNz4UAT0W4QUIHOkX9gnX1iCqYApJbWQOAUxlk1VS0X3odmH9zXUnx9Mw6sXV4NEt6xhwyoHMQLjeo0RHHxLjl2z/j9awmA5PDfTtiQAAJsXn4QYaBX4AAbwBiDsAAMa67pOxxGf7AgAAAAAEWVo=" },
        { "xz, three blocks with SHA-256", "/Td6WFoAAArh+wyhAgAhARYAAAB0L+Wj4Au3AI1dADYaSh8IoCYDTQad7+2MoT/IOM9thS+aaJmfL/bA0qMCNuh6N3wj781CW4zWYwMF8FJ4nOAgfo61hWjrULLQWbRgDg+DHcThi//cmP1blWzDWKswNz4UAT0W4QUIHOkX9gnX1iCqYApJbWQOAUxlk1VS0X3odmH9zXUnx9Mw6sXV4NEt6xhwyoCa8HT2AAAAAADtyTtV3PVAjHgz+yd+bb0pl/RV9vo3VLvL90rX6vt2IQIAIQEWAAAAdC/lo+ALtwCRXQA6GghIaeproDP2uYbgw3ajHizhnU/DtjJ/kLx/XjXkbemdo14OMgpktiGaVIkztlcuOogj9hSCTsUji0MECxPXcaeoLBtPwfk6X7CBrZ/a2jhClZvI764Jcb+/Y+5XVLnexmlnrl9SCRiDLN68/RnjNwb+6ruvlfxqUeOqX8YBZ6xn6oeFgJmpBPWveplFkzoAAAAAANHqkxBICOAN7/9KUhNV3pjMdQEet6d2xPEeGo14VdXrAgAhARYAAAB0L+Wj4AYXAHxdADYZfUaV43lkGGY+PImSEIJS120+szEmmM+N3PJPpAAxSlGbTc+5F/Lu+TO24bA0hIScwUyC224X3VKTdrMTQ6N1dHnos3C/hteIxRTNHI5v4ikTrpKvmnJ2Fd17vlBSAQXRf3qhjU0EspSppwd6HeADSRLGOwjUSgLe3wAAtCayZDSKTR05LNF2BfMErAA0+lqV/E3R6+y0VWIf9GQAA8EBuBfFAbgXsAGYDAAAgEt58qsKhsoEAAAAAApZWg==" },
        { "xz with CRC32", "/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4B2HAKBdADYaSh8IoCYDTQad7+2MoT/IOM9thS+aaJmfL/bA0qMCNuh6N3wj781CW4zWYwMF8FJ4nOAgfo61hWjrULLQWbRgDg+DHcThi//cmP1blWzDWKswNz4UAT0W4QUIHOkX9gnX1iCqYApJbWQOAUxlk1VS0X3odmH9zXUnx9Mw6sXV4NEt6xhwyoHMQLjeo0RHHxLjl2z/j9awmA5PDfTtiQAAkgC8dAABuAGIOwAA0Ph/CD4wDYsCAAAAAAFZWg==" },
        { "xz without a check", "/Td6WFoAAAD/EtlBAgAhARYAAAB0L+Wj4B2HAKBdADYaSh8IoCYDTQad7+2MoT/IOM9thS+aaJmfL/bA0qMCNuh6N3wj781CW4zWYwMF8FJ4nOAgfo61hWjrULLQWbRgDg+DHcThi//cmP1blWzDWKswNz4UAT0W4QUIHOkX9gnX1iCqYApJbWQOAUxlk1VS0X3odmH9zXUnx9Mw6sXV4NEt6xhwyoHMQLjeo0RHHxLjl2z/j9awmA5PDfTtiQAAAAG0AYg7AACrOL1/qAAK/AIAAAAAAFla" },
        { "xz, two streams with padding between", "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4APnAGVdADYaSh8IoCYDTQad7+2MoT/IOM9thS+aaJmfL/bA0qMCNuh6N3wj781CW4zWYwMF8FJ4nOAgfo61hWjrULLQWbRgDg+DHcThi//cmP1blWzDWKswNz4UAT0W4QUIHOkX9gnKYiBoAAAAAMisvZR9UUtjAAGBAegHAABCRV09scRn+wIAAAAABFlaAAAAAAAAAAD9N3pYWgAABObWtEYCACEBFgAAAHQv5aPgGZ8Ao10AEByIpzOQwD4aLBrIBmH7ZD9znYz95JlIybf+jc4u9h5PtC4IuQz2iW20j0T7V6N3ryFL+v3TUbAfwi0S1HQ7sRAMy3ukWZapdcslWrFEr+jwX9Wu+djphIXYXplG9pxja7s5zqr8Fh+zeQNY9F65IJSGtq4UQPDoTVXkIBPTWx92L3vn5fA4XRUpOfl67CxhO0kGcbOocSKcC4+3L6lKy34jAAAAb2q5iUM0YusAAb8BoDMAAAEe736xxGf7AgAAAAAEWVo=" },
        { "zstd", "KLUv/WSIHDUFADJHExaQKelgG/oIM+IZdnce9ghJGTk70zUnJEmS5P//b9u2bW3bti1JkiT5///btm0zFAgDQfkAR0KMQoZRhRS0mCqHmmpQTZkjMYEhBJIEW6iR+P1/A5AzSo0DEkgQ+P+/hr//BjhQtgQIKk2aULFIb0W9wHob2Au0t+Be4L0F+ALxDQIFLFgoQZD9kR/pIz7aY3okj/AYd2zH4YwnHnFmzFcEQFW10I6g" },
        { "zstd, two frames", "KLUv/QRY7QMAMkQOFbCpA+BIrm3FtnHG5FUzsrVYnh0OBLZtu23btshhFMQguLxCCTjp6xDX2ZczPEuO1/xoPAoDXqEUGgAAEeA54GHAI8BzwMPAI/72OX77MH37CL59zt4+jN4+Im+fg7cPu9vH2q2HBaQE5AUkC0gJyAtIFpASkHcRqcriOPJtKLUv/QRYDQUAooYTFqCnOQDFy/srfxZAFXB3904pWeyHViv///+/bdu23bZt25IkSRIdUwg6ppC7JI6OKeQuCaNzKXB1B7tKVQzKtExgHIDiMMMZZbhkBCtUT6ih8Ov/GZAzSnUS+H8Ggd9Hv38GAy474V7Se+ngy8SXZIcAVJphqooy9EdUEW/yHt7t7tvtx2sFTwTfa/iK+np+CCBB4QCFCe6EoRMAVQEmWGXn" },
    };

    [Theory]
    [MemberData(nameof(Packed))]
    public void Unpack_OfEachPacker_GivesTheText(string what, string packed)
    {
        Assert.True(s_text.AsSpan().SequenceEqual(Unpack(Convert.FromBase64String(packed))), what);
    }

    [Fact]
    public void Unpack_OfNoPacker_GivesTheBytes() => Assert.Equal(s_text, Unpack(s_text));

    [Theory]
    [MemberData(nameof(Packed))]
    public void Unpack_OfACutStream_IsDamaged(string what, string packed)
    {
        var whole = Convert.FromBase64String(packed);
        foreach (var length in new[] { whole.Length / 2, whole.Length - 5 })
        {
            var read = Record.Exception(() => Unpack(whole[..length]));

            // gzip's reader takes the end of the data for the end; the archive in it then shows what is missing.
            Assert.True(read is InvalidDataException || what == "gzip", $"{what}: {read}");
        }
    }

    [Theory]
    [InlineData("xz")]
    [InlineData("xz, three blocks with SHA-256")]
    [InlineData("bzip2")]
    [InlineData("zstd, two frames")]
    public void Unpack_OfAFlippedBit_IsDamagedOrCaughtByTheCheck(string what)
    {
        var packed = Convert.FromBase64String(Packed.Single(row => row.Data.Item1 == what).Data.Item2);
        for (var i = 12; i < packed.Length; i += 7)
        {
            var damaged = (byte[])packed.Clone();
            damaged[i] ^= 0x10;
            try
            {
                // What no check covers may change the text; what it must not do is anything else than this.
                _ = Unpack(damaged);
            }
            catch (InvalidDataException)
            {
            }
            catch (ErrorException)
            {
            }
        }
    }

    [Theory]
    [InlineData(XzOfOneGibibyteDictionary, "dictionary")]
    [InlineData(XzWithFilter, "filter")]
    public void Unpack_OfXzThatAsksForTooMuch_IsRefusedByName(string packed, string why)
    {
        var error = Assert.Throws<ErrorException>(() => Unpack(Convert.FromBase64String(packed)));

        Assert.Equal(ErrorKind.Invalid, error.Error.Kind);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unpack_OfZstdThatAsksForTooMuch_IsRefused() => Assert.Throws<InvalidDataException>(() => Unpack(Convert.FromBase64String(ZstdOfTwoGibibyteWindow)));

    [Fact]
    public void Unpack_OfASourceThatFails_TellsItsFailure()
    {
        var xz = Convert.FromBase64String(Packed.Single(row => row.Data.Item1 == "xz").Data.Item2);

        Assert.Throws<TimeoutException>(() => Compression.Unpack(new Broken(xz[..40])).CopyTo(Stream.Null));
    }

    private static byte[] Unpack(byte[] packed)
    {
        using var stream = Compression.Unpack(new MemoryStream(packed));
        using var text = new MemoryStream();
        stream.CopyTo(text);
        return text.ToArray();
    }

    /// <summary>A client that is gone after some bytes.</summary>
    private sealed class Broken(byte[] bytes) : ForwardStream
    {
        private int _at;

        public override int Read(Span<byte> buffer)
        {
            var length = Math.Min(buffer.Length, bytes.Length - _at);
            bytes.AsSpan(_at, length).CopyTo(buffer);
            _at += length;
            return length > 0 ? length : throw new TimeoutException();
        }
    }
}
