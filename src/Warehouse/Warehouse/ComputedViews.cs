using Lambda.Domain.Events;
using Lambda.Domain.Views;
using Lambda.Warehouse.Client;

namespace Lambda.Warehouse;

internal sealed class ComputedViews(ClickHouseClient client)
{
    public Task<long> ComputeAsync(CompiledView view, long epoch, int partition, long cutOffset, int lastPrunedDay, CancellationToken cancel) => throw new NotImplementedException(client.Database);

    public IAsyncEnumerable<(CustomerId Customer, State State)> ReadAsync(CompiledView view, long epoch, int partition, CancellationToken cancel) => throw new NotImplementedException();

    public Task DropAsync(IReadOnlyCollection<long> keep, CancellationToken cancel) => throw new NotImplementedException();

    public Task<State?> RecomputeCustomerAsync(CompiledView view, int partition, CustomerId customer, long belowOffset, CancellationToken cancel) => throw new NotImplementedException();
}
