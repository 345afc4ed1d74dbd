using Lambda.BatchLayer.Ports;
using Lambda.Domain.Events;
using Lambda.TestKit.Events;
using Xunit;

namespace Lambda.TestKit.Conformance;

/// <summary>What the warehouse suites share: each test has a warehouse of its own, empty.</summary>
public abstract class WarehouseSuite : IAsyncLifetime
{
    protected const long DayMs = Clock.MsPerDay;
    protected const long T0Ms = 1_700_000_000_000;
    protected const long T0 = T0Ms * Clock.MicrosPerMs;
    protected static readonly CancellationToken None = CancellationToken.None;

    private IWarehouse? _warehouse;

    protected IWarehouse Warehouse
    {
        get
        {
            Skip.If(WhyAbsent is not null, WhyAbsent);
            return _warehouse!;
        }
    }

    /// <summary>Why this warehouse cannot be tested here, null if it can.</summary>
    protected virtual string? WhyAbsent => null;

    /// <summary>An empty warehouse.</summary>
    protected abstract Task<IWarehouse> OpenAsync();

    public async Task InitializeAsync()
    {
        if (WhyAbsent is null) _warehouse = await OpenAsync();
    }

    public virtual Task DisposeAsync() => Task.CompletedTask;

    protected static FrameBuilder Frame(int partition, long firstOffset, long afterMs = 0) => new(partition, firstOffset, T0Ms + afterMs);

    protected Task InsertAsync(params FrameBuilder[] frames) => Warehouse.InsertAsync([.. frames.Select(f => f.Build())], None);
}
