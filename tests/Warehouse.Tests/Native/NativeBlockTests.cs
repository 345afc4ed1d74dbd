using Lambda.Warehouse.Native;
using Xunit;

namespace Lambda.Warehouse.Tests.Native;

public sealed class NativeBlockTests
{
    [Fact]
    public async Task Write_WhenColumnsAreMixed_GivesTheseBytes()
    {
        var (number, text) = (new NumberColumn("n", "Int64", 8), new TextColumn("s", nullable: true));
        var element = new NumberColumn("e", "UInt8", 1);
        var array = new NestedColumn("a", "Array(UInt8)", element);
        using var block = new NativeBlock([number, text, array]) { Rows = 3 };
        number.Set(0, 1L);
        number.Set(2, -1L);
        text.Set(1, "ü"u8);
        element.Set(0, 9L);
        array.Next();
        array.End(1);
        var bytes = new MemoryStream();
        await block.WriteAsync(block.Columns, bytes, default);
        Assert.Equal(
            "0303" // columns, rows
            + "016e" + "05496e743634" + "0100000000000000" + "0000000000000000" + "ffffffffffffffff"
            + "0173" + "104e756c6c61626c6528537472696e6729" + "010001" + "00" + "02c3bc" + "00"
            + "0161" + "0c41727261792855496e743829" + "0000000000000000" + "0100000000000000" + "0100000000000000" + "09",
            Convert.ToHexStringLower(bytes.ToArray()));
    }
}
