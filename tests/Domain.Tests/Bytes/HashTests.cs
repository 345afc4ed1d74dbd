using System.Buffers.Binary;
using System.Text;
using Lambda.Domain.Bytes;
using Xunit;

namespace Lambda.Domain.Tests.Bytes;

public sealed class HashTests
{
    /// <summary>vectors_sip128 of github.com/veorq/SipHash: key 00..0f, input 00, 01, … of the given length.</summary>
    [Theory]
    [InlineData(0, "a3817f04ba25a8e66df67214c7550293")]
    [InlineData(1, "da87c1d86b99af44347659119b22fc45")]
    [InlineData(2, "8177228da4a45dc7fca38bdef60affe4")]
    [InlineData(3, "9c70b60c5267a94e5f33b6b02985ed51")]
    [InlineData(7, "a1f1ebbed8dbc153c0b84aa61ff08239")]
    [InlineData(8, "3b62a9ba6258f5610f83e264f31497b4")]
    [InlineData(9, "264499060ad9baabc47f8b02bb6d71ed")]
    [InlineData(15, "5493e99933b0a8117e08ec0f97cfc3d9")]
    [InlineData(16, "6ee2a4ca67b054bbfd3315bf85230577")]
    [InlineData(31, "2939b0183223fafc1723de4f52c43d35")]
    [InlineData(32, "7c3956ca5eeafc3e363e9d556546eb68")]
    [InlineData(63, "5150d1772f50834a503e069a973fbd7c")]
    public void SipHash128_WhenReferenceKeyAndInput_GivesReferenceOutput(int length, string expected)
    {
        var key = Enumerable.Range(0, 16).Select(i => (byte)i).ToArray();
        var input = Enumerable.Range(0, length).Select(i => (byte)i).ToArray();

        var hash = SipHash128.Hash(input, BinaryPrimitives.ReadUInt64LittleEndian(key), BinaryPrimitives.ReadUInt64LittleEndian(key.AsSpan(8)));

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, hash);
        Assert.Equal(expected, Convert.ToHexStringLower(bytes));
    }

    /// <summary>Known outputs of XXH64 with seed 0.</summary>
    [Theory]
    [InlineData("", 0xEF46DB3751D8E999UL)]
    [InlineData("a", 0xD24EC4F1A98C6E5BUL)]
    [InlineData("abc", 0x44BC2CF5AD770999UL)]
    [InlineData("Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1UL)]
    public void XxHash64_WhenKnownInput_GivesKnownOutput(string text, ulong expected) =>
        Assert.Equal(expected, XxHash64.Hash(Encoding.UTF8.GetBytes(text)));
}
