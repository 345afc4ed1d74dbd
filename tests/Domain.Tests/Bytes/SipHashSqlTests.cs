using System.Buffers.Binary;
using System.Text;
using Lambda.Domain.Bytes;
using Lambda.Domain.Tests.Expressions;
using Lambda.TestKit;
using Xunit;

namespace Lambda.Domain.Tests.Bytes;

/// <summary>The sixteen bytes are ClickHouse's: low half first, both little-endian.</summary>
[Collection(LocalWarehouseCollection.Name)]
public sealed class SipHashSqlTests(LocalWarehouseFixture warehouse)
{
    [SkippableTheory]
    [InlineData("sipHash128Reference(s)", 0UL, 0UL)]
    [InlineData("sipHash128ReferenceKeyed((toUInt64(7), toUInt64(18446744073709551557)), s)", 7UL, 18446744073709551557UL)]
    public async Task Hash_WhenClickHouseHashesTheSame_GivesTheSameBytes(string function, ulong k0, ulong k1)
    {
        var sql = $"SELECT lower(hex({function})) FROM (SELECT arrayJoin(range(70)) AS n, substring(repeat('aé0😀', 20), 1, n) AS s) ORDER BY n";
        using var http = new HttpClient();
        var response = await http.PostAsync(new Uri(warehouse.Url, "/"), new StringContent(sql));
        var lines = (await response.Content.ReadAsStringAsync()).TrimEnd('\n').Split('\n');

        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("aé0😀", 20)));
        var bytes = new byte[16];
        Assert.Equal(Enumerable.Range(0, 70).Select(n =>
        {
            BinaryPrimitives.WriteUInt128LittleEndian(bytes, SipHash128.Hash(text.AsSpan(0, n), k0, k1));
            return Convert.ToHexStringLower(bytes);
        }), lines);
    }
}
