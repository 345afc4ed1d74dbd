namespace Lambda.Warehouse.Client;

/// <summary>An answer's bytes whose reader is told of errors in other words than ClickHouse's.</summary>
/// <param name="closed">Called once, when it is disposed.</param>
internal sealed class TranslatingStream(Stream inner, Func<ClickHouseException, Exception> translate, Action closed) : AsyncReadStream
{
    private int _closed;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel = default)
    {
        try
        {
            return await inner.ReadAsync(buffer, cancel);
        }
        catch (ClickHouseException e)
        {
            throw translate(e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _closed, 1) == 0)
        {
            inner.Dispose();
            closed();
        }
        base.Dispose(disposing);
    }
}
