using Lambda.BatchLayer.Memory;
using Lambda.SpeedLayer.Ports;
using Lambda.TestKit.Conformance;

namespace Lambda.BatchLayer.Tests.Memory;

public sealed class MemoryPopulationTests : PopulationSuite
{
    private readonly MemoryWarehouse _warehouse = new();

    protected override Task<IPopulation> OpenAsync() => Task.FromResult<IPopulation>(_warehouse);

    protected override Task<Dictionary<string, (long Epoch, long Applied, int AsOfDay)>> ReadAsync() =>
        Task.FromResult(_warehouse.Population(_warehouse.ActiveDefinition!).ToDictionary(r => r.Customer.ToString(), r => (r.Epoch, r.Applied, r.Answer.AsOfDay)));
}
