using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sqlite;
using Lambda.SpeedLayer.Sqlite.Log;
using Lambda.TestKit;
using Lambda.TestKit.Conformance;

namespace Lambda.SpeedLayer.Tests.Sqlite;

public class SqliteEventLogTests : EventLogSuite
{
    private readonly TempFolder _folder = new();

    protected virtual LogLimits Limits => LogLimits.Default;

    protected override ValueTask<IEventLog> OpenAsync() => new(SqliteEventLog.Open(_folder.File("events.db"), P, Time, Limits));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>The same, with nothing kept in memory and every bound so small that it is met all the time.</summary>
public sealed class SqliteEventLogFromFileTests : SqliteEventLogTests
{
    protected override LogLimits Limits => new() { RecentBytesMax = 0, GroupBytesMax = 1, WalPagesMax = 1, TruncateBytesPerSlice = 1 };
}

public sealed class SqliteCheckpointStoreTests : CheckpointStoreSuite
{
    private readonly TempFolder _folder = new();

    protected override ValueTask<ICheckpointStore> OpenAsync() => new(new SqliteCheckpointStore(_folder.Path));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}

public sealed class SqliteQuarantineTests : QuarantineSuite
{
    private readonly TempFolder _folder = new();

    protected override ValueTask<IQuarantine> OpenAsync() => new(new SqliteQuarantine(_folder.File("quarantine.db")));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}

public sealed class SqliteSinkProgressStoreTests : SinkProgressStoreSuite, IDisposable
{
    private readonly TempFolder _folder = new();

    protected override ISinkProgressStore Open() => new SqliteSinkProgressStore(_folder.File("sink.db"));

    public void Dispose() => _folder.Dispose();
}

public sealed class SqliteCardDirectoryTests : CardDirectorySuite, IDisposable
{
    private readonly TempFolder _folder = new();

    protected override ICardDirectory Open() => new SqliteCardDirectory(_folder.File("cards.db"));

    public void Dispose() => _folder.Dispose();
}

public sealed class SqliteCardDigitsTests : CardDigitsSuite, IDisposable
{
    private readonly TempFolder _folder = new();

    protected override ICardDigits Open() => new SqliteCardDigits(_folder.File("digits.db"));

    public void Dispose() => _folder.Dispose();
}
