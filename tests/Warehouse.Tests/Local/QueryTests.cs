using System.Net;
using Lambda.TestKit;
using Xunit;

namespace Lambda.Warehouse.Tests.Local;

[Collection(LocalWarehouseCollection.Name)]
public sealed class QueryTests(LocalWarehouseFixture warehouse)
{
    [SkippableFact]
    public async Task Ping_WhenUp_SaysOk()
    {
        using var client = new RawClient(warehouse.Url);
        var answer = await client.SendAsync("/ping", null);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("Ok.\n", answer.Text);
    }

    [SkippableFact]
    public async Task Query_InUrlAndInBody_GivesTheSame()
    {
        using var client = new RawClient(warehouse.Url);
        Assert.Equal("3\n", (await client.SendAsync("/?query=SELECT%201%2B2", null)).Text);
        Assert.Equal("3\n", await client.RunAsync("SELECT 1+2"));
        Assert.Equal("3\n", (await client.InsertAsync("SELECT 1", "+2"u8.ToArray())).Text);
    }
}
