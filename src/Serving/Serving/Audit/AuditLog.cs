using Lambda.Domain.Bytes;
using Lambda.Domain.Events;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Audit;

/// <summary>
/// Writes a node's audit chain: requests add entries to a batch in memory, one thread numbers, links and stores a batch at a time, so that one fsync carries all that
/// came meanwhile. An entry that somebody waits for is written at once, others within <see cref="Limits.AuditLinger"/>. While the store fails, what needs an entry is
/// refused and the entries at hand are tried again; none is dropped.
/// </summary>
public sealed class AuditLog : IAsyncDisposable
{
    private readonly IAuditStore _store;
    private readonly byte[]? _key;
    private readonly TimeProvider _time;
    private readonly Action<string, Exception> _onError;
    private readonly object _gate = new(); // a Monitor: the writer waits on it
    private readonly Thread _writer;
    private Batch _filling = new();
    private Batch? _spare = new();
    private AuditEnd _end;
    private Exception? _failing;
    private bool _stopping;

    /// <param name="key">Makes hashes that nobody can make without it; null for plain ones.</param>
    /// <exception cref="SpeedLayer.Ports.StorageException">The store cannot be read.</exception>
    public AuditLog(IAuditStore store, byte[]? key, TimeProvider time, Action<string, Exception> onError)
    {
        (_store, _key, _time, _onError) = (store, key, time, onError);
        _end = store.End(store.Chain);
        _writer = new Thread(WriteOn) { Name = "lambda-audit", IsBackground = true };
        _writer.Start();
    }

    public IAuditStore Store => _store;

    public byte[]? Key => _key;

    /// <summary>Entries stored by this node so far.</summary>
    public long Entries => Volatile.Read(ref _entries);

    private long _entries;

    /// <summary>The last try to write failed.</summary>
    public bool IsFailing => Volatile.Read(ref _failing) is not null;

    /// <exception cref="AuditUnavailableException">An entry could not be taken now: do not begin what needs one.</exception>
    public void ThrowIfUnavailable()
    {
        if (Volatile.Read(ref _failing) is { } why) throw Unavailable(why);
    }

    /// <summary>Takes an entry; it is written soon.</summary>
    /// <exception cref="AuditUnavailableException"/>
    public void Post(in AuditRecord what)
    {
        lock (_gate) Add(what);
    }

    /// <summary>Takes an entry; completes when it is durable.</summary>
    /// <exception cref="AuditUnavailableException">At once, or through the task: it is not durable.</exception>
    public Task RecordAsync(in AuditRecord what)
    {
        lock (_gate)
        {
            Add(what);
            _filling.Waiters ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Monitor.Pulse(_gate);
            return _filling.Waiters.Task;
        }
    }

    /// <summary>Until everything taken before is durable.</summary>
    public Task FlushAsync()
    {
        lock (_gate)
        {
            if (_filling.Count == 0 && !_isWriting) return Task.CompletedTask;
            Monitor.Pulse(_gate);
            return (_filling.Waiters ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private bool _isWriting;

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }
        await Task.Run(_writer.Join);
        await _store.DisposeAsync();
    }

    private void Add(in AuditRecord what)
    {
        if (_failing is { } why) throw Unavailable(why);
        if (_stopping) throw new AuditUnavailableException("the audit log is closed: this node stops");
        if (_filling.Bytes.Length > Limits.AuditPendingBytes) throw new AuditUnavailableException("the audit log does not keep up: too many entries wait to be written");
        AuditCodec.Write(_filling.Bytes, _time.GetUtcNow().ToUnixTimeMilliseconds() * Clock.MicrosPerMs, what);
        if (++_filling.Count == 1) Monitor.Pulse(_gate);
    }

    private AuditUnavailableException Unavailable(Exception why) => new($"the audit log cannot be written ({why.Message}): what must be recorded is refused until it can", why);

    // --- the writer -----------------------------------------------------------------------------------------------------------

    private void WriteOn()
    {
        while (Next() is { } batch)
        {
            var written = Write(batch);
            batch.Waiters?.TrySetResult();
            lock (_gate)
            {
                _isWriting = false;
                batch.Clear();
                _spare = batch;
            }
            if (!written) return;
        }
    }

    /// <summary>Waits for entries, then a moment for more of them unless somebody waits. Null at the end.</summary>
    private Batch? Next()
    {
        lock (_gate)
        {
            while (_filling.Count == 0 && _filling.Waiters is null && !_stopping) Monitor.Wait(_gate);
            if (_filling.Count == 0 && _filling.Waiters is null) return null;
            var until = _time.GetTimestamp() + (long)(Limits.AuditLinger.TotalSeconds * _time.TimestampFrequency);
            while (_filling.Waiters is null && !_stopping && _filling.Bytes.Length < Limits.AuditPendingBytes / 8)
            {
                var left = TimeSpan.FromSeconds((double)(until - _time.GetTimestamp()) / _time.TimestampFrequency);
                if (left <= TimeSpan.Zero || !Monitor.Wait(_gate, left)) break;
            }
            var batch = _filling;
            _filling = _spare ?? new Batch();
            _spare = null;
            _isWriting = true;
            return batch;
        }
    }

    /// <summary>Until it is stored.</summary>
    /// <returns>False when the log was closed before it could be.</returns>
    private bool Write(Batch batch)
    {
        if (batch.Count == 0) return true;
        var told = "";
        while (true)
        {
            try
            {
                Append(batch);
                lock (_gate) _failing = null;
                return true;
            }
            catch (Exception e) // whatever it is: without an entry nothing goes on
            {
                batch.Waiters?.TrySetException(Unavailable(e));
                batch.Waiters = null;
                lock (_gate)
                {
                    _failing = e;
                    if (_filling.Waiters is { } more)
                    {
                        more.TrySetException(Unavailable(e)); // its entries stay: they come after these
                        _filling.Waiters = null;
                    }
                    if (told != e.Message) _onError("audit log", e);
                    told = e.Message;
                    if (_stopping || (Monitor.Wait(_gate, Limits.AuditRetry) && _stopping)) return false;
                }
            }
        }
    }

    private void Append(Batch batch)
    {
        while (true)
        {
            var bytes = batch.Bytes.Written;
            (_end.Entries == 0 ? AuditCodec.Genesis(_store.Chain) : _end.Hash.Span).CopyTo(bytes);
            AuditCodec.Link(bytes, _end.Entries + 1, _key);
            if (_store.TryAppend(_end.Entries + 1, batch.Count, bytes[AuditCodec.HashBytes..]))
            {
                _end = new AuditEnd(_end.Entries + batch.Count, bytes[^AuditCodec.HashBytes..].ToArray());
                Interlocked.Add(ref _entries, batch.Count);
                return;
            }
            var expected = new AuditEnd(_end.Entries + batch.Count, bytes[^AuditCodec.HashBytes..].ToArray());
            _end = _store.End(_store.Chain);
            if (_end.Entries == expected.Entries && _end.Hash.Span.SequenceEqual(expected.Hash.Span)) return; // an earlier try was stored, and only its answer got lost
            // Another process wrote to this chain (a node that was taken for dead): ours come behind.
        }
    }

    private sealed class Batch
    {
        private const int BytesKept = 4 << 20;

        public Batch() => Clear();

        /// <summary>Place for the hash before, then the entries.</summary>
        public GrowingBytes Bytes { get; private set; } = new(64 << 10);

        public int Count { get; set; }
        public TaskCompletionSource? Waiters { get; set; }

        public void Clear()
        {
            if (Bytes.Capacity > BytesKept) Bytes = new GrowingBytes(64 << 10);
            Bytes.Clear();
            Bytes.Take(AuditCodec.HashBytes);
            (Count, Waiters) = (0, null);
        }
    }
}
