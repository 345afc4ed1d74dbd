using Lambda.BatchLayer.Memory;
using Lambda.Domain.Log;
using Lambda.TestKit.Events;
using Xunit;

namespace Lambda.BatchLayer.Tests.Memory;

public sealed class MemoryWarehouseFaultTests
{
    [Theory]
    [InlineData(FaultMoment.Before, 0)]
    [InlineData(FaultMoment.Middle, 1)]
    [InlineData(FaultMoment.After, 2)]
    public async Task Insert_WhenAFaultStrikes_LeavesWhatTheMomentSays(FaultMoment strikesAt, long events)
    {
        var warehouse = new MemoryWarehouse
        {
            Fault = (operation, moment) => operation == "insert" && moment == strikesAt ? throw new IOException("struck") : default,
        };
        await Assert.ThrowsAsync<IOException>(() => warehouse.InsertAsync(
            [new FrameBuilder(0, 0, 0).Purchase("a", "1", 0, 1).Build(), new FrameBuilder(0, 1, 0).Purchase("a", "2", 0, 1).Build()], default));
        Assert.Equal(events, (await warehouse.TotalsAsync(new Cut([10]), default))[0].Events);
    }
}
