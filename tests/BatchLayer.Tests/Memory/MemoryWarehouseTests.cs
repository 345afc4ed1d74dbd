using Lambda.BatchLayer.Memory;
using Lambda.BatchLayer.Ports;
using Lambda.TestKit.Conformance;

namespace Lambda.BatchLayer.Tests.Memory;

public sealed class MemoryRawEventsTests : RawEventsSuite
{
    protected override Task<IWarehouse> OpenAsync() => Task.FromResult<IWarehouse>(new MemoryWarehouse());
}

public sealed class MemoryComputedViewTests : ComputedViewSuite
{
    protected override Task<IWarehouse> OpenAsync() => Task.FromResult<IWarehouse>(new MemoryWarehouse());
}

public sealed class MemoryFraudHistoryTests : FraudHistorySuite
{
    protected override IFraudHistory History => (IFraudHistory)Warehouse;

    protected override Task<IWarehouse> OpenAsync() => Task.FromResult<IWarehouse>(new MemoryWarehouse());
}
