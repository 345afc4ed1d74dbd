using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Lambda.SpeedLayer.Ingress;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Sources;

namespace Lambda.SpeedLayer.Polling;

/// <summary>
/// Asks an API for what has changed, again and again: a walk goes over all pages of one question, each page's events are in the log before the next is asked for, and
/// only the end of a walk moves the since-cursor. So whatever goes wrong in between is asked for again; event ids make a repeat of it. At most one of them should run
/// for a source: two only do the work twice.
/// </summary>
/// <param name="told">Told of what a person may want to know, without personal data; of new fields once.</param>
public sealed class SourcePoller(
    PolledSource source, EventIngress ingress, int logPartitions, ISourceCursors cursors, TimeProvider time, Action<string> told, Func<TimeSpan?>? pause = null) : IDisposable
{
    private readonly SourceIntake _intake = new(source.Events, ingress, logPartitions, time, pause);
    private readonly ItemReader _items = new(source);
    private readonly PageReader _pages = new(source);
    private readonly HashSet<ulong> _refused = [];
    private readonly HashSet<string> _walked = [];
    private PageFetcher? _fetcher;
    private ulong _lastPage;
    private int _samePages;
    private volatile PollState _state = PollState.Read(null);
    private volatile string? _trouble = "not begun";

    public PolledSource Source => source;

    /// <summary>What it waits for before it tries again; null while it polls.</summary>
    public string? Trouble => _trouble;

    /// <summary>A person has to look, though it is tried again every few minutes.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>The newest change whose walk has ended; null: none, or not for people to read.</summary>
    public string? Since => source.Since?.Type is SinceType.Opaque ? null : _state.Since;

    /// <summary>Fields that nobody described.</summary>
    public IReadOnlyList<string> NewFields => _state.NewFields;

    public long Pages { get; private set; }
    public long Accepted { get; private set; }
    public long Refused { get; private set; }

    /// <summary>Items that are not as described, and fields that are new.</summary>
    public long Drifted { get; private set; }

    /// <summary>When the last walk ended, Unix ms; null before the first.</summary>
    public long? WalkedAtMs { get; private set; }

    public void Dispose() => _fetcher?.Dispose();

    /// <summary>What was kept of it is gone: it begins anew, and tells of everything again. Not while it runs.</summary>
    public void Forget()
    {
        (_state, _trouble, IsStopped) = (PollState.Read(null), "not begun", false);
        _refused.Clear();
    }

    /// <summary>Polls until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(await StepAsync(cancel), time, cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>One poll: a walk, or the part of it that is allowed at once.</summary>
    /// <returns>The pause before the next.</returns>
    public async Task<TimeSpan> StepAsync(CancellationToken cancel)
    {
        try
        {
            var ended = await PollAsync(cancel);
            (_trouble, IsStopped) = (null, false);
            return ended ? source.Interval : TimeSpan.Zero;
        }
        catch (SourceRefusedException e)
        {
            (_trouble, IsStopped) = (e.Message, true);
            told(e.Message);
            return PollLimits.AgainAfter;
        }
        catch (Exception e) when (e is SourceTroubleException or StorageException { IsTransient: true } or IOException)
        {
            (_trouble, IsStopped) = (e.Message, false);
            told(e.Message);
            return (e as SourceTroubleException)?.RetryAfter ?? (source.Interval < PollLimits.AgainAfter ? source.Interval : PollLimits.AgainAfter);
        }
    }

    /// <returns>Whether the walk has ended.</returns>
    private async Task<bool> PollAsync(CancellationToken cancel)
    {
        _fetcher ??= new PageFetcher(source, time, why => _trouble = why);
        _state = PollState.Read(cursors.Kept(source.Name));
        var walk = _state.Walk is { } kept && kept.Fingerprint == source.Fingerprint ? kept : Begin();
        for (var page = 0; page < source.PagesMax; page++)
        {
            Walk? next;
            try
            {
                next = await PageAsync(walk, cancel);
            }
            catch (SourceRefusedException) when (page == 0 && walk.Page is not null)
            {
                (walk, page) = (Begin(), -1); // the page where it stood is no longer there: cursors of others expire
                continue;
            }
            if (next is null) return true;
            walk = next;
        }
        return false;
    }

    private Walk Begin()
    {
        _walked.Clear();
        (_lastPage, _samePages) = (0, 0);
        var from = _state.Since is { } kept && source.Since is { } since ? SinceOrder.Before(since, kept) : source.Since?.Start;
        return new Walk(from, null, 0, null, time.GetUtcNow().ToUnixTimeMilliseconds(), source.Fingerprint);
    }

    /// <summary>Reads a page, takes its items, keeps where it stands.</summary>
    /// <returns>The walk behind it; null when it has ended.</returns>
    private async Task<Walk?> PageAsync(Walk walk, CancellationToken cancel)
    {
        var address = _pages.AddressOf(walk);
        using var page = await _fetcher!.GetAsync(address, cancel);
        var items = _pages.Items(page);
        var (hash, same) = MakeSureOfProgress(walk, items);
        var name = _pages.Next(walk, page, items.Count, address);
        var newFields = await TakeAsync(walk, items, cancel);
        var high = source.Since is { } since ? SinceOrder.Later(since.Type, walk.High, _pages.High(page, items)) : null;
        var next = name is null ? null : walk with { Page = name, Pages = walk.Pages + 1, High = high };
        if (next is not null) MakeSureItIsNew(walk, name!);
        var state = next is null ? new PollState(Moved(walk, high), null, newFields) : _state with { Walk = next, NewFields = newFields };
        cursors.Keep(source.Name, state.Write());
        _state = state;
        (_lastPage, _samePages) = (hash, same); // not before: a page that could not be taken comes again
        (_trouble, IsStopped) = (null, false);
        Pages++;
        if (next is null) WalkedAtMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        return next;
    }

    /// <summary>Never backwards, and never to a time that has not been when the walk began.</summary>
    private string? Moved(Walk walk, string? high)
    {
        if (source.Since is not { } since) return null;
        var seen = SinceOrder.NotLaterThan(since.Type, high, DateTimeOffset.FromUnixTimeMilliseconds(walk.BeganMs));
        return SinceOrder.Later(since.Type, _state.Since, seen);
    }

    private async Task<IReadOnlyList<string>> TakeAsync(Walk walk, IReadOnlyList<JsonElement> items, CancellationToken cancel)
    {
        var (messages, hashes, newFields, drifted) = (new List<SourceMessage>(items.Count), new List<ulong>(items.Count), new List<string>(_state.NewFields), 0);
        for (var i = 0; i < items.Count; i++)
        {
            var raw = JsonMarshal.GetRawUtf8Value(items[i]).ToArray();
            var hash = HashOf(raw);
            if (_refused.Contains(hash)) continue;
            newFields.AddRange(_items.NewFields(items[i], newFields).ToList());
            var why = _items.Check(items[i]);
            if (why.Reason is not null) drifted++;
            string? id = null;
            if (why.Reason is null) id = _items.EventId(items[i], out why);
            messages.Add(new SourceMessage($"crm:{source.Name}:{walk.Pages + 1}:{i}", raw, id, why));
            hashes.Add(hash);
        }
        var refused = await _intake.TakeAsync(messages, cancel);
        if (_refused.Count + refused.Count > PollLimits.RefusedRemembered) _refused.Clear();
        foreach (var i in refused) _refused.Add(hashes[i]);
        (Accepted, Refused, Drifted) = (Accepted + messages.Count - refused.Count, Refused + refused.Count, Drifted + drifted + newFields.Count - _state.NewFields.Count);
        if (newFields.Count > _state.NewFields.Count) told($"new fields, kept in the events: {string.Join(", ", newFields.Skip(_state.NewFields.Count))}");
        return newFields;
    }

    /// <summary>A page like the last one is no progress. Behind a page number the next would be lost if it were taken for read; elsewhere it does no harm a few times.</summary>
    private (ulong Hash, int Same) MakeSureOfProgress(Walk walk, IReadOnlyList<JsonElement> items)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var item in items) hash.AppendData(JsonMarshal.GetRawUtf8Value(item));
        var page = items.Count == 0 ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(hash.GetHashAndReset());
        var same = walk.Page is not null && page != 0 && page == _lastPage;
        var times = same ? _samePages + 1 : 0;
        if (same && (source.Paging is Paging.Number || times >= PollLimits.SamePagesMax))
            throw new SourceTroubleException($"page {walk.Pages + 1} is the same as the one before{(source.Paging is Paging.Number { Last: null } ? "; if there are no more, say by `last` where their number is" : "")}", null);
        return (page, times);
    }

    /// <summary>A walk that comes to a page again goes in circles: it begins anew at the next poll, and its cursor does not move.</summary>
    private void MakeSureItIsNew(Walk walk, string name)
    {
        if (walk.Page is { } page) _walked.Add(page);
        if (_walked.Count > PollLimits.PagesRemembered) throw new SourceRefusedException($"a walk of more than {PollLimits.PagesRemembered} pages: ask for larger ones");
        if (name != walk.Page && !_walked.Contains(name)) return;
        cursors.Keep(source.Name, (_state with { Walk = null }).Write());
        throw new SourceTroubleException($"page {walk.Pages + 1} leads back to one that was read: the pages go in circles", null);
    }

    private static ulong HashOf(byte[] bytes) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(bytes));
}
